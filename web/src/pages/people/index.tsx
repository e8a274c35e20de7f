/* People: the list with its search, or one person under /people/{personId}. */
import { useRoute } from 'wouter';
import { People } from './People';
import { Person } from './Person';

export default function PeoplePage() {
  const [matches, found] = useRoute('/people/:person');
  return matches && found.person ? <Person key={found.person} person={found.person} /> : <People />;
}

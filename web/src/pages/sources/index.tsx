/* Sources: the list with what an audit would note, or one source under /sources/{id}. */
import { useRoute } from 'wouter';
import { SourceDetail } from './SourceDetail';
import { SourceList } from './SourceList';
import './sources.css';

export default function SourcesPage() {
  const [matches, found] = useRoute('/sources/:source');
  return matches && found.source ? <SourceDetail key={found.source} id={decodeURIComponent(found.source)} /> : <SourceList />;
}

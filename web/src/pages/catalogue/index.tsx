/* The catalogue: all products, or one under /catalogue/{id}. */
import { useRoute } from 'wouter';
import { Catalogue } from './Catalogue';
import { ProductPage } from './ProductPage';

export default function CataloguePage() {
  const [matches, found] = useRoute('/catalogue/:id');
  return matches && found.id ? <ProductPage key={found.id} id={found.id} /> : <Catalogue />;
}

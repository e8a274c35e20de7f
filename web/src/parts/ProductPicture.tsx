/* A product's picture with its place kept, and a drawn stand-in where there is none or it does not load. */
import { useState } from 'react';
import { useWords } from '../words';
import { Icon } from './Icon';
import { words } from './words';
import './ProductPicture.css';

const safe = (image: string | null | undefined): image is string => !!image && /^(https:\/\/|\/(?!\/))/.test(image);

export type ProductPictureProps = { image?: string | null; title?: string | null; size?: number | 'fill' };

/* `size` in pixels (square), or 'fill': as wide as its place, square. The title is said when the picture stands alone. */
export function ProductPicture({ image, title, size = 40 }: ProductPictureProps) {
  const t = useWords(words);
  const [broken, setBroken] = useState(false);
  const shown = safe(image) && !broken;
  const edge = size === 'fill' ? undefined : { width: size, height: size };
  return (
    <span className={size === 'fill' ? 'product-picture product-picture-fill' : 'product-picture'} style={edge}>
      {shown ? (
        <img src={image} alt={title ?? ''} loading="lazy" decoding="async" referrerPolicy="no-referrer" onError={() => setBroken(true)} />
      ) : (
        <span className="product-picture-none" role="img" aria-label={title ? `${title}: ${t('noPicture')}` : t('noPicture')}>
          <Icon name="image" size={typeof size === 'number' && size < 32 ? 14 : 22} />
        </span>
      )}
    </span>
  );
}

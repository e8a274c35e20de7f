/* Line icons of one hand: 20 units, 1.6 strokes. Decoration only: the word stands beside it or in the button's label. */
const shapes = {
  home: 'M3 9.5 10 4l7 5.500M5 8.500V16h10V8.500M8.500 16v-4h3v4',
  catalogue: 'M4 4h5v5H4zM11 4h5v5h-5zM4 11h5v5H4zM11 11h5v5h-5z',
  recommendations: 'M10 3.500 12 8l4.800.500-3.600 3.200 1 4.800L10 14l-4.200 2.500 1-4.800L3.200 8.500 8 8z',
  live: 'M3 10h3l2-5 4 10 2-5h3',
  people: 'M7.500 9a2.750 2.750 0 1 0 0-5.500A2.750 2.750 0 0 0 7.500 9M2.500 16c0-3 2-5 5-5s5 2 5 5M13 4a2.500 2.500 0 0 1 0 5M14.500 11.500c2 .600 3 2.300 3 4.500',
  trust: 'M10 3 16 5.500v4.500c0 3.500-2.500 6-6 7-3.500-1-6-3.500-6-7V5.500zM7.500 10l2 2 3.500-4',
  settings: 'M3 6h7M14 6h3M3 14h3M10 14h7M12 4a2 2 0 1 1 0 4 2 2 0 0 1 0-4M8 12a2 2 0 1 1 0 4 2 2 0 0 1 0-4',
  search: 'M9 14.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11M13 13l4 4',
  sun: 'M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6M10 2.500v2M10 15.500v2M2.500 10h2M15.500 10h2M4.700 4.700l1.400 1.400M13.900 13.900l1.400 1.400M4.700 15.300l1.400-1.400M13.900 6.100l1.400-1.400',
  moon: 'M16 12.500A6.500 6.500 0 0 1 7.500 4 6.500 6.500 0 1 0 16 12.500',
  close: 'M5 5l10 10M15 5 5 15',
  copy: 'M7 7h9v9H7zM13 7V4H4v9h3',
  check: 'M4 10.500 8 14.500 16 6',
  warning: 'M10 3.500 17.500 16.500h-15zM10 8.500v3.500M10 14.300v.200',
  info: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14M10 9v4.500M10 6.500v.200',
  chevron: 'M7.500 5l5 5-5 5',
  down: 'M5 7.500l5 5 5-5',
  arrow: 'M4 10h12M11 5l5 5-5 5',
  undo: 'M7 5 3.500 8.500 7 12M4 8.500h8a4 4 0 0 1 0 8H8',
  logout: 'M8 4H4v12h4M8 10h9M14 7l3 3-3 3',
  user: 'M10 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6M4 16.500c0-3.300 2.500-5 6-5s6 1.700 6 5',
  code: 'M7 6 3 10l4 4M13 6l4 4-4 4',
  table: 'M3 4.500h14v11H3zM3 8.500h14M8 8.500v7',
  download: 'M10 3v9M6.500 9 10 12.500 13.500 9M4 16h12',
  pause: 'M7 4.500v11M13 4.500v11',
  play: 'M6 4l10 6-10 6z',
  plus: 'M10 4v12M4 10h12',
  filter: 'M3 5h14l-5.500 6.500V16l-3-1.500v-3z',
  external: 'M8 5H4v11h11v-4M11 4h5v5M16 4l-7 7',
  key: 'M7 13.500a3.500 3.500 0 1 1 3.300-4.700H17v3h-2v2h-3v-2h-1.700A3.500 3.500 0 0 1 7 13.500M7 10v.100',
  image: 'M3 4h14v12H3zM3 13l4-4 4 4 2-2 4 3M13 7.500v.100',
  cart: 'M3 4h2l2 8.500h8l1.500-6H5.600M8 16v.100M14 16v.100',
  heart: 'M10 16S3.500 12 3.500 7.700A3.400 3.400 0 0 1 10 6.400a3.400 3.400 0 0 1 6.500 1.300C16.500 12 10 16 10 16',
  box: 'M3.500 6.500 10 3l6.500 3.500v7L10 17l-6.500-3.500zM3.500 6.500 10 10l6.500-3.500M10 10v7',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}

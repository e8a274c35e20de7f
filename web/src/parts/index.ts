/* import { Page, Card, DataTable } from '../../parts' */
export { Ago } from './Ago';
export { Bars, type Bar, type BarsProps } from './Bars';
export { Card, Figure, Figures, Tag, type CardProps, type Tone } from './Card';
export { ChartFrame, type ChartFrameProps } from './ChartFrame';
export { Code, CopyButton } from './Code';
export { csvOf, saveCsv, type Cell } from './csv';
export { DataTable, type Column, type ColumnMeta, type DataTableProps } from './DataTable';
export { Icon, type IconName } from './Icon';
export { Json } from './Json';
export { curlOf, type ApiCall } from './curl';
export { Page, type PageProps } from './Page';
export { PersonLink } from './PersonLink';
export { ProductPicture, type ProductPictureProps } from './ProductPicture';
export { Reasons, type Reason } from './Reasons';
export { SidePanel, type SidePanelProps } from './SidePanel';
export { Answer, Boundary, Empty, Failed, Loading } from './States';
export { TimeChart, type Series, type TimeChartProps } from './TimeChart';
export { offerUndo, type Step } from './Undo';

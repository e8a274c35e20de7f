import { Page } from '../../parts';
export default function SettingsPage() {
  return <Page title="Settings">…</Page>;
}

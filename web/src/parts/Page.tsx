/* The frame of one page: title, one sentence of purpose, one action, the API tab, then its content. */
import { useDisclosure } from '@mantine/hooks';
import { useEffect, useId, type ReactNode } from 'react';
import { useMe } from '../api';
import { useWords } from '../words';
import { Code } from './Code';
import { curlOf, type ApiCall } from './curl';
import { Icon } from './Icon';
import { SidePanel } from './SidePanel';
import { words } from './words';
import './Page.css';

export type PageProps = {
  title: ReactNode;
  sentence?: ReactNode;
  action?: ReactNode; // the primary action, right of the title
  api?: readonly ApiCall[];
  name?: string; // of the document, when the title is not text
  wide?: boolean;
  children: ReactNode;
};

export function Page({ title, sentence, action, api, name, wide = false, children }: PageProps) {
  const t = useWords(words);
  const [opened, panel] = useDisclosure(false);
  const id = useId();
  const documentName = name ?? (typeof title === 'string' ? title : '');
  useEffect(() => {
    document.title = documentName ? `${documentName} · Kunde` : 'Kunde';
  }, [documentName]);
  return (
    <article className={wide ? 'page page-wide' : 'page'} aria-labelledby={id}>
      <header className="page-head">
        <div className="page-words">
          <h1 id={id} className="page-title" tabIndex={-1}>
            {title}
          </h1>
          {sentence !== undefined && <p className="page-sentence">{sentence}</p>}
        </div>
        <div className="page-actions">
          {action}
          {api && api.length > 0 && (
            <button type="button" className="page-api" onClick={panel.toggle} aria-expanded={opened}>
              <Icon name="code" size={16} />
              {t('api')}
            </button>
          )}
        </div>
      </header>
      {children}
      {api && (
        <SidePanel opened={opened} onClose={panel.close} title={t('apiTitle')}>
          <ApiCalls calls={api} />
        </SidePanel>
      )}
    </article>
  );
}

function ApiCalls({ calls }: { calls: readonly ApiCall[] }) {
  const t = useWords(words);
  const me = useMe();
  const base = me.data?.baseUrl ?? location.origin;
  return (
    <>
      <p className="page-sentence">{t('apiSentence')}</p>
      {calls.map((call) => (
        <Code key={`${call.method} ${call.path}`} text={curlOf(call, base, me.data?.writeKey ?? '')} label={`${call.method} ${call.path.split('?')[0] ?? ''}`} />
      ))}
    </>
  );
}

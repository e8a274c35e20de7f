/* "3 minutes ago", with the exact time on hover; it ages while it is looked at. */
import { useEffect, useState } from 'react';
import { dateTime, relative } from '../format';

export function Ago({ time }: { time: string | number | null | undefined }) {
  const [, again] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => again((n) => n + 1), 15_000);
    return () => clearInterval(timer);
  }, []);
  if (time === null || time === undefined || time === '') return <>–</>;
  return (
    <time dateTime={new Date(time).toISOString()} title={dateTime(time)}>
      {relative(time)}
    </time>
  );
}

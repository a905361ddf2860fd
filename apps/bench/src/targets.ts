/** How fast a row is meant to be, as data, and whether it was. */
import type { Device } from './cli.ts';
import type { Counts } from './page.ts';
import type { Row } from './rows.ts';
import { labelOf, type Measured, shareOfCopy, us } from './table.ts';

/** "At least `faster` times as fast as `than`" (0.5: in at most twice its time). */
export interface Target {
  readonly faster: number;
  /** A contender, on the same work and one thread unless told. */
  readonly than: string;
  /** The row of that contender, if it is another. */
  readonly row?: string;
  /** Where it is meant; on the cpu unless told. */
  readonly device?: Device;
  /** The threads that we have for it. */
  readonly threads?: number;
}

const wording = (row: Row, { faster, than, row: other, threads }: Target): string => {
  const work = threads === undefined ? row.name : `${row.name} on ${threads} threads`;
  const rival = [than === us ? '' : than, other ?? '', threads === undefined ? '' : 'one thread'].filter(Boolean);
  return faster >= 1
    ? `${work}: ${Number(faster.toPrecision(3))} × as fast as ${rival.join(', ')}`
    : `${work}: at most ${Number((1 / faster).toPrecision(3))} × the time of ${rival.join(', ')}`;
};

/** A line for each target of the rows measured: what is meant, what was found, and whether that is enough. */
export function targetLines(measured: readonly Measured[], device: Device = 'cpu'): string[] {
  const time = (row: string, label: string): number | undefined =>
    measured.find((each) => each.row.name === row)?.times[label];
  return measured.flatMap(({ row, counts }) => [
    ...(row.targets ?? [])
      .filter((target) => (target.device ?? 'cpu') === device)
      .map((target) => {
        const ours = time(row.name, labelOf(us, target.threads ?? 1));
        const theirs = time(target.row ?? row.name, labelOf(target.than, 1));
        if (ours === undefined || theirs === undefined) return `${wording(row, target)}: not measured`;
        const found = theirs / ours;
        const shown = target.faster >= 1 ? found : 1 / found;
        return `${wording(row, target)}: ${shown.toPrecision(3)} ×, ${found >= target.faster ? 'reached' : 'not reached'}`;
      }),
    ...countLines(row, counts),
    ...shareLines(row, shareOfCopy(measured, row, time(row.name, us))),
  ]);
}

function shareLines({ name, share }: Row, found: number | null): string[] {
  if (share === undefined) return [];
  const percent = (x: number): string => `${Math.round(x * 100)} %`;
  const said = found === null ? 'not measured' : `${percent(found)}, ${found >= share ? 'reached' : 'not reached'}`;
  return [`${name}: at least ${percent(share)} of the bandwidth of a copy: ${said}`];
}

function countLines({ name, most }: Row, counts: Counts | undefined): string[] {
  if (!most || !counts) return [];
  return (['dispatches', 'submits'] as const).map(
    (what) =>
      `${name}: at most ${most[what]} ${what}: ${counts[what]}, ${counts[what] <= most[what] ? 'reached' : 'not reached'}`,
  );
}

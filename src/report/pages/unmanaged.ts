import type { Unmanaged } from '../../model/plan.ts';
import { groupBy } from '../../model/text/record.ts';
import { count, enumerate } from '../../model/text/text.ts';
import { name, type Phrase, type Remark, type Row, type Section } from '../page.ts';
import { grantPhrase } from '../words.ts';

/** From this many users on, a grant that they share is one row. */
const MIN_GROUP_SIZE = 5;

/** Grants that are not managed, with the line of the config that would manage them. */
export function unmanagedSection(unmanaged: readonly Unmanaged[]): Section {
  const remarksOf = ({ govern }: Unmanaged): readonly Remark[] =>
    govern === undefined
      ? [{ text: '' }]
      : [{ lead: 'to manage it, add to manages: ', text: [name(govern)] }];
  const row = (label: Phrase, remarks: readonly Remark[], shown?: Row['shown']): Row => ({
    ...{ bullet: '·', tone: 'faint', label, remarks },
    ...(shown && { shown }),
  });
  const alike = groupBy(unmanaged, ({ grant, govern }) => JSON.stringify([grant, govern]));
  const rows = [...alike.values()].flatMap((some): readonly Row[] => {
    const [first] = some;
    const isShared = some.length >= MIN_GROUP_SIZE;
    const each = some.map((one) =>
      row(
        [name(one.user), ': ', ...grantPhrase(one.grant)],
        remarksOf(one),
        isShared ? 'with --full' : undefined,
      ),
    );
    if (!isShared || first === undefined) return each;
    const users = { text: enumerate(some.map(({ user }) => user)) };
    return [
      row([count(some.length, 'user'), ': ', ...grantPhrase(first.grant)], [...remarksOf(first), users]),
      ...each,
    ];
  });
  return {
    kind: 'rows',
    title: `Unmanaged: ${count(unmanaged.length, 'grant')}, left alone`,
    isClosed: true,
    columns: ['Grant', 'Add to manages', 'Users'],
    rows,
  };
}

import { TrackedMap } from '../tracked-map.ts';

/** `relation` links `subject` to `object`, both "type:key". */
export type PermitTuple = {
  readonly id: string;
  readonly subject: string;
  readonly relation: string;
  readonly object: string;
  readonly tenant: string;
};

/** `subject relation object` */
export const tupleText = ({
  subject,
  relation,
  object,
}: Pick<PermitTuple, 'subject' | 'relation' | 'object'>): string => `${subject} ${relation} ${object}`;

/** Relationship tuples, indexed by their object, so that the PDP answers at once in large worlds. */
export class Tuples extends TrackedMap<string, PermitTuple> {
  readonly #byObject = new Map<string, Map<string, PermitTuple>>();

  override set(text: string, tuple: PermitTuple): this {
    const known = this.#byObject.get(tuple.object) ?? new Map<string, PermitTuple>();
    this.#byObject.set(tuple.object, known.set(text, tuple));
    return super.set(text, tuple);
  }

  override delete(text: string): boolean {
    this.#byObject.get(this.get(text)?.object ?? '')?.delete(text);
    return super.delete(text);
  }

  subjectsOf(object: string, relation: string): readonly string[] {
    const tuples = this.#byObject.get(object)?.values() ?? [];
    return [...tuples].filter((tuple) => tuple.relation === relation).map(({ subject }) => subject);
  }
}

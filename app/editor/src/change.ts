import type { Change } from "./api";

const surrogate = (unit: number, low: boolean) => (unit & 0xfc00) === (low ? 0xdc00 : 0xd800);

/** The one change that turns `before` into `after`, as short as their common ends allow; none when they are equal. */
export function leastChange(before: string, after: string): Change[] {
  if (before === after) return [];
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  // No half of a character is left on either side of the change.
  if (start > 0 && surrogate(before.charCodeAt(start - 1), false)) start--;
  let end = 0;
  while (
    end < shorter - start &&
    before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)
  ) end++;
  if (end > 0 && surrogate(before.charCodeAt(before.length - end), true)) end--;
  return [{ from: start, to: before.length - end, insert: after.slice(start, after.length - end) }];
}

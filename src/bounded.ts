/**
 * Texts and lists of bounded length, in documents that others send. zod's own bounds look at the `length` of whatever
 * comes, a text or not, and throw a TypeError where that is an object. Property S3.
 */
import { z } from 'zod'

/** A text of so many UTF-16 code units. */
export function boundedText(least: number, most: number): z.ZodString {
  return z
    .string()
    .refine(({ length }) => length >= least && length <= most, `not ${least} to ${most} characters`)
}

/** A list of so many items. */
export function boundedList<Item extends z.ZodType>(
  item: Item,
  least: number,
  most: number,
): z.ZodArray<Item> {
  return z
    .array(item)
    .refine(({ length }) => length >= least && length <= most, `not ${least} to ${most} items`)
}

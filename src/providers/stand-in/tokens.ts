/**
 * What the stand-in calls a token: at most four characters in a row. Crude, exact and the same for everybody, so that
 * its usage figures can be checked by hand, and never more tokens than UTF-8 bytes.
 */

const CHARACTERS_PER_TOKEN = 4

/** Cuts a text into its tokens; joined, they are the text again. */
export function tokenize(text: string): string[] {
  const characters = [...text]
  const tokens: string[] = []
  for (let at = 0; at < characters.length; at += CHARACTERS_PER_TOKEN) {
    tokens.push(characters.slice(at, at + CHARACTERS_PER_TOKEN).join(''))
  }
  return tokens
}

/** How many tokens a text has. */
export function countTokens(text: string): number {
  return tokenize(text).length
}

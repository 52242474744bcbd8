/** The gateway's public URL as it is signed for: `scheme://host[:port]`. Pure. */

/** Reads a URL that is an origin, with or without a trailing slash; null for anything else. */
export function readOrigin(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return null
  const isBare = parsed.pathname === '/' && parsed.search === '' && parsed.hash === ''
  return isBare && parsed.username === '' ? parsed.origin : null
}

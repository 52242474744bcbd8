/** How the streams of a soak end. */

export const COURSES = ['completed', 'client_leaves', 'provider_cuts', 'provider_idles'] as const
export type Course = (typeof COURSES)[number]

/** What the journal calls them. */
export const OUTCOMES: Readonly<Record<Course, string>> = {
  completed: 'completed',
  client_leaves: 'client_left',
  provider_cuts: 'provider_failed',
  provider_idles: 'provider_stalled',
}

/** Of a thousand streams; one that idles holds its place for the gateway's whole patience. */
const PER_THOUSAND: Readonly<Record<Course, number>> = {
  completed: 696,
  client_leaves: 200,
  provider_cuts: 100,
  provider_idles: 4,
}

/** The course of each stream in turn, evenly mixed, the same in every run. */
export function courseOf(index: number): Course {
  // Coprime to a thousand: every course is spread over the whole round.
  let place = (index * 387) % 1_000
  for (const course of COURSES) {
    if (place < PER_THOUSAND[course]) return course
    place -= PER_THOUSAND[course]
  }
  throw new Error('the courses make a thousand')
}

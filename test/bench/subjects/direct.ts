/** The provider itself, asked without a gateway: what the load can do at most, and how soon a first token can come. */
import { CHAT, type Site, type Subject } from './subject.ts'

export function askDirectly({ providerPort }: Site, pid: number): Subject {
  return {
    name: 'provider directly',
    foreign: false,
    pids: [pid],
    ports: [providerPort],
    path: CHAT,
    credential: { kind: 'headers', headers: {} },
    stop: async () => {},
  }
}

/** Ports of this machine. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/**
 * The port itself when nobody listens on it, or a free one for 0. The gateway's origin is signed for, so it has to be
 * known before anything starts. Throws when the port is taken.
 */
export async function claimablePort(port: number): Promise<number> {
  const server = createServer()
  const refused = new Promise<never>((_, reject) => {
    server.once('error', (cause) => {
      reject(new Error(`port ${port} is not free: choose another with --port`, { cause }))
    })
  })
  server.listen(port, '127.0.0.1')
  await Promise.race([once(server, 'listening'), refused])
  const { port: claimed } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return claimed
}

// A signing command for tests: node signer.mjs <key file> <log> <how to behave>
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import bs58 from 'bs58'

const [file = '', log = '', manner = 'well'] = process.argv.slice(2)
const secret = Buffer.from(JSON.parse(readFileSync(file, 'utf8')))
const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const key = createPrivateKey({
  key: Buffer.concat([prefix, secret.subarray(0, 32)]),
  format: 'der',
  type: 'pkcs8',
})
const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
appendFileSync(log, 'start\n')
process.on('exit', () => appendFileSync(log, 'end\n'))
process.on('SIGTERM', () => process.exit(0))
const starts = readFileSync(log, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('start'))
/** Only the first life is bad, so that a restart is seen to help. */
const bad = (how) => manner === how && starts.length === 1

function signature(text) {
  const message = Buffer.from(text, 'base64')
  return sign(null, bad('forge') ? Buffer.concat([message, Buffer.from('.')]) : message, key)
}

for await (const line of createInterface({ input: process.stdin })) {
  const [request, argument] = line.split(' ')
  appendFileSync(log, `${request}\n`)
  if (request === 'pubkey') {
    if (manner === 'mute') continue
    console.log(manner === 'no-key' ? 'hello' : bs58.encode(spki.subarray(-32)))
  } else if (bad('garble')) console.log('signed!')
  else if (bad('late')) continue
  else if (bad('exit')) process.exit(3)
  else if (bad('chatter')) console.log(`${signature(argument).toString('base64')}\nand more`)
  else if (bad('endless')) process.stdout.write('x'.repeat(5000))
  else console.log(signature(argument).toString('base64'))
}

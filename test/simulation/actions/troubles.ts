/** What befalls the gateway, its ledger, its node and its clock. Each trouble ends by itself. */
import type { World } from '../world.ts'

export function killAtOnce(world: World): void {
  world.lives.kill(world.dice.pick(['kill', 'power cut'] as const))
}

/** Somebody dies at an effect that is drawn now and met later. */
export function armDeath(world: World): void {
  if (world.lives.armed) return
  const how = world.dice.pick(['kill', 'power cut'] as const)
  world.lives.arm(how, world.dice.whole(1, 120))
}

export function restart(world: World): void {
  world.disturb('stopped')
  void world.lives.restart().catch((error: unknown) => world.accuse(error))
}

/** Another program holds the ledger's lock. */
export function lockLedger(world: World): void {
  const { disk, time, dice, tally } = world
  if (disk.busy || disk.full) return
  tally.fault('ledger busy')
  world.disturb('ledger')
  disk.lock()
  time.after(dice.pick([30, 900, 2_500, 6_000]), () => {
    disk.unlock()
    world.healedAt = time.now
  })
}

export function fillDisk(world: World): void {
  const { disk, time, dice, tally } = world
  if (disk.busy || disk.full) return
  tally.fault('disk full')
  world.disturb('ledger')
  disk.fill()
  time.after(dice.pick([500, 5_000, 20_000]), () => {
    disk.empty()
    world.healedAt = time.now
  })
}

/** The node fails, lies and lags. */
export function storm(world: World): void {
  const { time, dice, tally } = world
  if (world.stormPercent > 0) return
  tally.fault('rpc storm')
  world.stormPercent = dice.pick([10, 30, 60, 100])
  const most = world.stormPercent === 100 ? 12_000 : 40_000
  time.after(dice.whole(1_000, most), () => {
    world.stormPercent = 0
  })
}

/** The node has lost its history, all but the newest, for a while. */
export function forget(world: World): void {
  const { time, dice, tally } = world
  if (world.forgetful) return
  tally.fault('node without history')
  world.forgetful = true
  time.after(dice.whole(2_000, 30_000), () => {
    world.forgetful = false
  })
}

/** What was confirmed never was; some of it lands again. */
export function fork(world: World): void {
  const { cluster, dice, tally } = world
  const returning = dice.pick([0, 50, 100])
  const dropped = cluster.fork(dice.whole(1, 30), () => dice.percent(returning))
  tally.fault(dropped > 0 ? 'fork that drops transactions' : 'fork')
  world.trace(`fork ${dropped}`)
}

export function stallFinality(world: World): void {
  const { cluster, time, dice, tally } = world
  if (cluster.finalityLag > 0) return
  tally.fault('finality stalls')
  cluster.finalityLag = dice.whole(5, 60)
  time.after(dice.whole(1_000, 30_000), () => {
    cluster.finalityLag = 0
  })
}

/** The machine's clock is set, and set right again later: in some worlds. The others have their times judged, too. */
export function jumpClock(world: World): void {
  const { lives, time, dice, tally } = world
  if (lives.skewMs !== 0 || !world.clockMayBeSet) return
  const skewMs = dice.pick([-600_000, -50_000, -9_000, 9_000, 50_000, 600_000])
  tally.fault(`clock ${skewMs > 0 ? 'ahead' : 'behind'}`)
  const set = (skew: number): void => {
    world.disturb('clock')
    lives.skewMs = skew
    world.healedAt = time.now
  }
  set(skewMs)
  time.after(dice.whole(500, 40_000), () => set(0))
}

/**
 * What two vaults of one gateway should do, in plain numbers: the program's rules said a second time, to hold the
 * program to them. Amounts are units, times seconds.
 */
export type Who = 'alice' | 'bob'
/** Who signs where an instruction asks for a signature. */
export type Actor = Who | 'operator' | 'other operator'

export type Step =
  | { readonly kind: 'deposit' | 'transfer'; readonly who: Who; readonly amount: bigint }
  | { readonly kind: 'sync'; readonly who: Who }
  | {
      readonly kind: 'sign'
      readonly who: Who
      readonly cumulative: bigint
      readonly expiry: 'never' | 'past' | 'ahead'
    }
  | {
      readonly kind: 'settle'
      readonly who: Who
      readonly by: Actor
      /** Whose voucher is shown, and which of them, counted from the newest. */
      readonly voucherOf: Who
      readonly place: number
      /** Beyond the vault's settled total; `signed`: as far as the voucher goes. */
      readonly amount: bigint | 'signed'
      readonly to: 'treasury' | 'stranger'
    }
  | {
      readonly kind: 'request'
      readonly who: Who
      readonly by: Actor
      readonly amount: bigint | 'all'
    }
  | { readonly kind: 'cancel' | 'close'; readonly who: Who; readonly by: Actor }
  | { readonly kind: 'withdraw'; readonly who: Who; readonly by: Actor; readonly to: Who }
  | { readonly kind: 'wait'; readonly who: Who }
  | { readonly kind: 'reopen'; readonly who: Who; readonly delaySeconds: bigint }

export interface SignedVoucher {
  readonly cumulative: bigint
  readonly expiry: 'never' | 'past' | 'ahead'
}

export interface ModelVault {
  readonly deposited: bigint
  readonly settled: bigint
  readonly withdrawn: bigint
  readonly depositIndex: bigint
  readonly pending: bigint
  readonly withdrawableAt: bigint
  readonly delaySeconds: bigint
  /** On the deposit address; null while that is closed. */
  readonly balance: bigint | null
  readonly wallet: bigint
  /** Newest first. */
  readonly vouchers: readonly SignedVoucher[]
}

export interface Model {
  readonly alice: ModelVault
  readonly bob: ModelVault
  readonly treasury: bigint
}

const booked = ({ deposited, settled, withdrawn }: ModelVault) => deposited - settled - withdrawn

/** The voucher that a settlement shows, if there is one. */
export function shownVoucher(
  model: Model,
  { voucherOf, place }: Extract<Step, { kind: 'settle' }>,
): SignedVoucher | undefined {
  const { vouchers } = model[voucherOf]
  return vouchers[place % Math.max(vouchers.length, 1)]
}

/** The total that a settlement asks for. */
export function askedTotal(model: Model, step: Extract<Step, { kind: 'settle' }>): bigint {
  if (step.amount !== 'signed') return model[step.who].settled + step.amount
  return shownVoucher(model, step)?.cumulative ?? 0n
}

/** The amount that a request asks for. */
export function askedAmount(model: Model, step: Extract<Step, { kind: 'request' }>): bigint {
  return step.amount === 'all' ? booked(model[step.who]) : step.amount
}

/** With nothing pending there is no time at which it may be taken. */
function withPending(vault: ModelVault, pending: bigint): ModelVault {
  return { ...vault, pending, withdrawableAt: pending === 0n ? 0n : vault.withdrawableAt }
}

function credit(vault: ModelVault, amount: bigint): ModelVault {
  const { deposited, depositIndex } = vault
  return { ...vault, deposited: deposited + amount, depositIndex: depositIndex + 1n }
}

function settle(model: Model, step: Extract<Step, { kind: 'settle' }>): Model | null {
  const vault = model[step.who]
  const voucher = shownVoucher(model, step)
  const total = askedTotal(model, step)
  const amount = total - vault.settled
  const signed = step.voucherOf === step.who && voucher?.expiry !== 'past'
  if (vault.balance === null || voucher === undefined || !signed) return null
  if (step.by !== 'operator' || step.to !== 'treasury') return null
  if (amount <= 0n || total > voucher.cumulative || amount > booked(vault)) return null
  const left = booked(vault) - amount
  const paid = { ...vault, settled: total, balance: vault.balance - amount }
  const lowered = vault.pending <= left ? paid : withPending(paid, left)
  return { ...model, [step.who]: lowered, treasury: model.treasury + amount }
}

/** The vault after a step of its own numbers alone, or null where the step must be refused. */
function changed(
  vault: ModelVault,
  step: Exclude<Step, { kind: 'settle' | 'request' }>,
  seconds: bigint,
): ModelVault | null {
  const { balance, wallet, pending } = vault
  const own = 'by' in step && step.by === step.who
  switch (step.kind) {
    case 'deposit':
    case 'transfer': {
      if (balance === null || step.amount > wallet) return null
      const moved = { ...vault, balance: balance + step.amount, wallet: wallet - step.amount }
      if (step.kind === 'transfer') return moved
      return step.amount === 0n ? null : credit(moved, step.amount)
    }
    case 'sync': {
      if (balance === null || balance <= booked(vault)) return null
      return credit(vault, balance - booked(vault))
    }
    case 'sign':
      return { ...vault, vouchers: [step, ...vault.vouchers] }
    case 'cancel':
      return own && pending > 0n ? withPending(vault, 0n) : null
    case 'withdraw': {
      if (!own || step.to !== step.who || balance === null || pending === 0n) return null
      if (seconds < vault.withdrawableAt) return null
      const gone = { withdrawn: vault.withdrawn + pending, balance: balance - pending }
      return withPending({ ...vault, ...gone, wallet: wallet + pending }, 0n)
    }
    case 'close':
      return own && balance === 0n && booked(vault) === 0n && pending === 0n
        ? { ...vault, balance: null }
        : null
    case 'reopen':
      return balance === null && step.delaySeconds === vault.delaySeconds
        ? { ...vault, balance: 0n }
        : null
    case 'wait':
      return vault
  }
}

function request(
  model: Model,
  step: Extract<Step, { kind: 'request' }>,
  seconds: bigint,
): ModelVault | null {
  const vault = model[step.who]
  const amount = askedAmount(model, step)
  if (step.by !== step.who || vault.pending > 0n) return null
  if (amount === 0n || amount > booked(vault)) return null
  return { ...vault, pending: amount, withdrawableAt: seconds + vault.delaySeconds }
}

/** What a step leaves behind when the chain's clock shows `seconds`; null where it must be refused. */
export function apply(model: Model, step: Step, seconds: bigint): Model | null {
  if (step.kind === 'settle') return settle(model, step)
  const vault =
    step.kind === 'request'
      ? request(model, step, seconds)
      : changed(model[step.who], step, seconds)
  return vault === null ? null : { ...model, [step.who]: vault }
}

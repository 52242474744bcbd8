//! Every way this program says no. The numbers are public (IDL, README): add at the end, never reuse one.

use pinocchio::error::ProgramError;

#[derive(Clone, Copy)]
#[repr(u32)]
pub enum VaultError {
    /// No instruction has this discriminator.
    UnknownInstruction = 6000,
    /// The arguments are not exactly the Borsh bytes that the instruction takes.
    MalformedArguments,
    /// More or fewer accounts than the instruction takes.
    WrongAccountCount,
    /// One account stands in two places.
    DuplicateAccount,
    /// An account that must sign did not.
    MissingSignature,
    /// An account that will be written is read-only.
    NotWritable,
    /// Another program stands where the system, Token, Associated Token or this program must.
    WrongProgram,
    /// The account is not owned by the program that must own it.
    WrongAccountOwner,
    /// The account's data is not of the kind that this place takes.
    WrongAccountKind,
    /// The account is not at the address derived for this place.
    WrongAddress,
    /// The mint or token account is not of the gateway's mint.
    WrongMint,
    /// The mint is not one of the classic Token program (Token-2022 is refused).
    UnsupportedMint,
    /// The token account does not belong to whom it must.
    WrongTokenOwner,
    /// The signer is not the gateway's authority.
    WrongAuthority,
    /// The vault belongs to another gateway.
    ForeignVault,
    /// A gateway of this authority and mint exists.
    GatewayExists,
    /// The vault is open and its deposit address exists.
    VaultExists,
    /// The withdrawal delay is not within 0 and 2,592,000 seconds.
    DelayOutOfRange,
    /// The delay given is not the one that would hold for this vault.
    DelayMismatch,
    /// The endpoint is longer than 128 bytes.
    EndpointTooLong,
    /// The endpoint is not UTF-8.
    EndpointNotUtf8,
    /// The amount is zero.
    ZeroAmount,
    /// The deposit address holds nothing beyond what the vault has booked.
    NothingToSync,
    /// A counter would leave its range.
    Overflow,
    /// The books claim more than the deposit address holds, or more went out than came in.
    BooksBroken,
    /// The event instruction was called by someone other than this program.
    EventNotOurs,
    /// The instruction just before is not one of the Ed25519 precompile.
    VoucherMissing,
    /// The precompile instruction is not laid out exactly as a voucher's must be.
    VoucherLayout,
    /// The voucher is not signed by the vault's agent.
    WrongVoucherSigner,
    /// What was signed is not a voucher of this vault.
    ForeignVoucher,
    /// The voucher has expired.
    VoucherExpired,
    /// The cumulative is not above what was settled before.
    NothingToSettle,
    /// The cumulative is more than the agent signed for.
    BeyondVoucher,
    /// The amount is more than the vault has booked.
    BeyondBooks,
    /// The signer is not the vault's agent.
    WrongAgent,
    /// A withdrawal is pending.
    WithdrawalPending,
    /// No withdrawal is pending.
    NoWithdrawalPending,
    /// The delay of the pending withdrawal is not over.
    WithdrawalEarly,
    /// The vault or its deposit address still holds money.
    MoneyLeft,
    /// Another account stands where the instructions sysvar must.
    WrongSysvar,
}

impl From<VaultError> for ProgramError {
    fn from(error: VaultError) -> Self {
        ProgramError::Custom(error as u32)
    }
}

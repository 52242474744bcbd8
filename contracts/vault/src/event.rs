//! Events, in Anchor's `emit_cpi` form: the program calls itself with the event as data and its own derived address as
//! signer. They stand in the transaction's inner instructions, which no log limit truncates and no one else can write.

use pinocchio::{
    cpi::{invoke_signed, Seed, Signer},
    error::ProgramError,
    instruction::{InstructionAccount, InstructionView},
    AccountView, Address, ProgramResult,
};

use crate::{
    checks,
    codec::Writer,
    derived,
    instructions::emit_event,
    state::{Gateway, Vault},
};

const SEED: &[u8] = b"__event_authority";
const DISCRIMINATOR_LEN: usize = 8;
/// The longest event: a gateway's address and all its fields.
const MAX_LEN: usize = 2 * DISCRIMINATOR_LEN + 32 + Gateway::FIELDS_LEN_MAX;

pub trait Event {
    const DISCRIMINATOR: [u8; DISCRIMINATOR_LEN];

    fn write_fields(&self, writer: &mut Writer);
}

/// A gateway was created or changed: its address and every field of the account after it.
pub struct GatewayChangedEvent<'a> {
    pub address: &'a Address,
    pub gateway: &'a Gateway,
}

impl Event for GatewayChangedEvent<'_> {
    const DISCRIMINATOR: [u8; DISCRIMINATOR_LEN] = [0x7c, 0xfb, 0x15, 0xa9, 0x30, 0x46, 0x1d, 0xa8];

    fn write_fields(&self, writer: &mut Writer) {
        writer.address(self.address);
        self.gateway.write_fields(writer);
    }
}

/// A vault was opened under this delay.
pub struct VaultOpenedEvent<'a> {
    pub address: &'a Address,
    pub vault: &'a Vault,
}

impl Event for VaultOpenedEvent<'_> {
    const DISCRIMINATOR: [u8; DISCRIMINATOR_LEN] = [0x0c, 0xa8, 0xce, 0xba, 0x32, 0x3f, 0xdb, 0xe5];

    fn write_fields(&self, writer: &mut Writer) {
        writer.address(self.address);
        writer.address(&self.vault.gateway);
        writer.address(&self.vault.agent);
        writer.i64(self.vault.withdrawal_delay_seconds);
    }
}

/// Money came in: `vault` is the account after it, so it carries the new total and index.
pub struct DepositEvent<'a> {
    pub address: &'a Address,
    pub vault: &'a Vault,
    pub amount: u64,
    pub depositor: &'a Address,
}

impl Event for DepositEvent<'_> {
    const DISCRIMINATOR: [u8; DISCRIMINATOR_LEN] = [0x78, 0xf8, 0x3d, 0x53, 0x1f, 0x8e, 0x6b, 0x90];

    fn write_fields(&self, writer: &mut Writer) {
        write_movement(writer, self.address, self.vault, self.amount, self.vault.deposited);
        writer.u64(self.vault.deposit_index);
        writer.address(self.depositor);
    }
}

/// The operator was paid `amount`.
pub struct SettlementEvent<'a> {
    pub address: &'a Address,
    pub vault: &'a Vault,
    pub amount: u64,
}

impl Event for SettlementEvent<'_> {
    const DISCRIMINATOR: [u8; DISCRIMINATOR_LEN] = [0x30, 0x84, 0xda, 0x6f, 0x36, 0xad, 0x3d, 0x81];

    fn write_fields(&self, writer: &mut Writer) {
        write_movement(writer, self.address, self.vault, self.amount, self.vault.settled);
    }
}

/// The agent asked for `amount`: the delay runs.
pub struct WithdrawalRequestedEvent<'a> {
    pub address: &'a Address,
    pub vault: &'a Vault,
    pub amount: u64,
}

impl Event for WithdrawalRequestedEvent<'_> {
    const DISCRIMINATOR: [u8; DISCRIMINATOR_LEN] = [0x52, 0xe3, 0x9b, 0x8c, 0xdf, 0x7c, 0x4d, 0xf3];

    fn write_fields(&self, writer: &mut Writer) {
        write_movement(writer, self.address, self.vault, self.amount, self.vault.withdrawn);
    }
}

/// The agent took its request for `amount` back.
pub struct WithdrawalCancelledEvent<'a> {
    pub address: &'a Address,
    pub vault: &'a Vault,
    pub amount: u64,
}

impl Event for WithdrawalCancelledEvent<'_> {
    const DISCRIMINATOR: [u8; DISCRIMINATOR_LEN] = [0x28, 0xda, 0xa5, 0xe6, 0x1f, 0x31, 0xee, 0x7f];

    fn write_fields(&self, writer: &mut Writer) {
        write_movement(writer, self.address, self.vault, self.amount, self.vault.withdrawn);
    }
}

/// The agent was paid `amount`.
pub struct WithdrawalEvent<'a> {
    pub address: &'a Address,
    pub vault: &'a Vault,
    pub amount: u64,
}

impl Event for WithdrawalEvent<'_> {
    const DISCRIMINATOR: [u8; DISCRIMINATOR_LEN] = [0xa1, 0x35, 0xb9, 0x12, 0x62, 0xfe, 0x36, 0xa5];

    fn write_fields(&self, writer: &mut Writer) {
        write_movement(writer, self.address, self.vault, self.amount, self.vault.withdrawn);
    }
}

/// The fields that every event about money begins with; `cumulative` is the total of its kind.
fn write_movement(writer: &mut Writer, address: &Address, vault: &Vault, amount: u64, cumulative: u64) {
    writer.address(address);
    writer.address(&vault.gateway);
    writer.address(&vault.agent);
    writer.u64(amount);
    writer.u64(cumulative);
}

/// The checked pair of accounts that an instruction needs to emit.
pub struct Emitter<'a> {
    authority: &'a AccountView,
    bump: u8,
    program_id: &'a Address,
}

impl<'a> Emitter<'a> {
    pub fn new(
        authority: &'a AccountView,
        program: &AccountView,
        program_id: &'a Address,
    ) -> Result<Self, ProgramError> {
        checks::program(program, program_id)?;
        let (address, bump) = find_authority(program_id)?;
        checks::address(authority, &address)?;
        Ok(Self { authority, bump, program_id })
    }

    #[inline(never)]
    pub fn emit<E: Event>(&self, event: &E) -> ProgramResult {
        let mut buffer = [0u8; MAX_LEN];
        let mut writer = Writer::new(&mut buffer);
        writer.bytes(&emit_event::DISCRIMINATOR);
        writer.bytes(&E::DISCRIMINATOR);
        event.write_fields(&mut writer);
        let instruction = InstructionView {
            program_id: self.program_id,
            accounts: &[InstructionAccount::readonly_signer(self.authority.address())],
            data: writer.written(),
        };
        let bump = [self.bump];
        let seeds = [Seed::from(SEED), Seed::from(&bump)];
        invoke_signed(&instruction, &[self.authority], &[Signer::from(&seeds)])
    }
}

/// The address that only this program can sign for, and its bump.
pub fn find_authority(program_id: &Address) -> Result<(Address, u8), ProgramError> {
    derived::find(&[SEED], program_id)
}

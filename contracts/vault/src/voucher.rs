//! The agent's voucher: what lets the operator settle, signed by the agent and checked by the Ed25519 precompile.

use pinocchio::{
    address::address_eq,
    error::ProgramError,
    sysvars::instructions::{Instructions, INSTRUCTIONS_ID},
    AccountView, Address, ProgramResult,
};

use crate::{checks, codec::Reader, error::VaultError};

mod precompile {
    pinocchio::address::declare_id!("Ed25519SigVerify111111111111111111111111111");
}

/// How the precompile's data must begin: one signature, padding 0, then signature at 48, key at 16 and message at 112,
/// 50 bytes long, each with 0xFFFF for "in this very instruction". Any other index could point the precompile at bytes
/// that are not the ones read here.
const HEADER: [u8; 16] = [1, 0, 48, 0, 0xff, 0xff, 16, 0, 0xff, 0xff, 112, 0, 50, 0, 0xff, 0xff];
const SIGNATURE_LEN: usize = 64;
/// How the message begins: what it is, and in which version.
const MARK: [u8; 2] = [0x56, 0x01];
const NEVER: i64 = 0;

pub struct Voucher {
    /// All that may ever be settled by it, what was settled before included.
    pub cumulative: u64,
    expires_at_seconds: i64,
}

impl Voucher {
    /// Reads the voucher of this agent and vault from the instruction just before the one that the transaction is at.
    ///
    /// A transaction lands only when its precompile instructions verified, so what stands in one was signed. That holds
    /// for a call through another program too: then "just before" is before the transaction's own instruction, and what
    /// a caller can choose is only which of the agent's vouchers for this vault is read.
    pub fn read(instructions: &AccountView, agent: &Address, vault: &Address) -> Result<Self, ProgramError> {
        let instructions = Instructions::try_from(instructions)?;
        let before = instructions.get_instruction_relative(-1).map_err(|_| VaultError::VoucherMissing)?;
        checks::ensure(address_eq(before.get_program_id(), &precompile::ID), VaultError::VoucherMissing)?;

        let mut fields = Reader::new(before.get_instruction_data(), VaultError::VoucherLayout);
        checks::ensure(fields.array()? == HEADER, VaultError::VoucherLayout)?;
        let signer = fields.address()?;
        let _checked_by_the_precompile = fields.array::<SIGNATURE_LEN>()?;
        let mark = fields.array()?;
        let signed_for = fields.address()?;
        let voucher = Self { cumulative: fields.u64()?, expires_at_seconds: fields.i64()? };
        fields.finish()?;

        checks::ensure(address_eq(&signer, agent), VaultError::WrongVoucherSigner)?;
        checks::ensure(mark == MARK && address_eq(&signed_for, vault), VaultError::ForeignVoucher)?;
        Ok(voucher)
    }

    pub fn refuse_expired(&self, now_seconds: i64) -> ProgramResult {
        let holds = self.expires_at_seconds == NEVER || now_seconds < self.expires_at_seconds;
        checks::ensure(holds, VaultError::VoucherExpired)
    }
}

/// Refuses any account but the sysvar that holds the transaction's instructions.
pub fn check_instructions_sysvar(account: &AccountView) -> ProgramResult {
    checks::ensure(address_eq(account.address(), &INSTRUCTIONS_ID), VaultError::WrongSysvar)
}

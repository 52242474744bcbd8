//! The two accounts: what a gateway promises, and what a vault has counted.

use pinocchio::{
    address::address_eq,
    cpi::{Seed, Signer},
    error::ProgramError,
    AccountView, Address, ProgramResult,
};

use crate::{
    checks,
    codec::{Reader, Writer},
    derived,
    error::VaultError,
};

const DISCRIMINATOR_LEN: usize = 8;
pub const ENDPOINT_LEN_MAX: usize = 128;
pub const WITHDRAWAL_DELAY_SECONDS_MAX: i64 = 2_592_000;

/// The URL at which a gateway serves, at most 128 bytes of UTF-8.
pub struct Endpoint {
    bytes: [u8; ENDPOINT_LEN_MAX],
    len: usize,
}

impl Endpoint {
    pub fn new(text: &[u8]) -> Result<Self, ProgramError> {
        let mut bytes = [0; ENDPOINT_LEN_MAX];
        let place = bytes.get_mut(..text.len()).ok_or(VaultError::EndpointTooLong)?;
        core::str::from_utf8(text).map_err(|_| VaultError::EndpointNotUtf8)?;
        place.copy_from_slice(text);
        Ok(Self { bytes, len: text.len() })
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// PDA `["gateway", authority, mint]`.
pub struct Gateway {
    pub authority: Address,
    /// Owner of the token account that receives settlements.
    pub treasury: Address,
    pub mint: Address,
    /// Holds for vaults opened from now on.
    pub withdrawal_delay_seconds: i64,
    /// The ed25519 key that signs the gateway's receipts.
    pub receipt_key: Address,
    pub endpoint: Endpoint,
    pub opened_at_seconds: i64,
    pub bump: u8,
}

impl Gateway {
    const DISCRIMINATOR: [u8; DISCRIMINATOR_LEN] = [0xd2, 0x84, 0xa2, 0xfe, 0x0a, 0xe0, 0x2d, 0x56];
    const SEED: &'static [u8] = b"gateway";
    /// The fields with the longest endpoint. Every gateway has this size, so that an update never moves its rent.
    pub const FIELDS_LEN_MAX: usize = 4 * 32 + 2 * 8 + 4 + ENDPOINT_LEN_MAX + 1;
    pub const LEN: usize = DISCRIMINATOR_LEN + Self::FIELDS_LEN_MAX;

    pub fn find_address(
        authority: &Address,
        mint: &Address,
        program_id: &Address,
    ) -> Result<(Address, u8), ProgramError> {
        derived::find(&[Self::SEED, authority.as_array(), mint.as_array()], program_id)
    }

    /// Reads a gateway that this program wrote, at its own address.
    pub fn load(account: &AccountView, program_id: &Address) -> Result<Self, ProgramError> {
        checks::owner(account, program_id)?;
        let gateway = Self::decode(&account.try_borrow()?)?;
        let seeds = [Self::SEED, gateway.authority.as_array(), gateway.mint.as_array(), &[gateway.bump]];
        derived::refuse_other_address(account, &seeds, program_id)?;
        Ok(gateway)
    }

    fn decode(data: &[u8]) -> Result<Self, ProgramError> {
        let mut fields = Reader::new(data, VaultError::WrongAccountKind);
        checks::ensure(fields.array()? == Self::DISCRIMINATOR, VaultError::WrongAccountKind)?;
        Ok(Self {
            authority: fields.address()?,
            treasury: fields.address()?,
            mint: fields.address()?,
            withdrawal_delay_seconds: fields.i64()?,
            receipt_key: fields.address()?,
            endpoint: Endpoint::new(fields.string_bytes()?)?,
            opened_at_seconds: fields.i64()?,
            bump: fields.u8()?,
        })
    }

    pub fn store(&self, account: &mut AccountView) -> ProgramResult {
        let mut data = account.try_borrow_mut()?;
        let mut writer = Writer::new(&mut data);
        writer.bytes(&Self::DISCRIMINATOR);
        self.write_fields(&mut writer);
        writer.pad();
        Ok(())
    }

    pub fn write_fields(&self, writer: &mut Writer) {
        writer.address(&self.authority);
        writer.address(&self.treasury);
        writer.address(&self.mint);
        writer.i64(self.withdrawal_delay_seconds);
        writer.address(&self.receipt_key);
        writer.string(self.endpoint.as_bytes());
        writer.i64(self.opened_at_seconds);
        writer.u8(self.bump);
    }

    /// Runs `act` with the seeds that let this program sign for the gateway's address.
    pub fn signing<T>(authority: &Address, mint: &Address, bump: u8, act: impl FnOnce(&Signer) -> T) -> T {
        let bump = [bump];
        let seeds =
            [Seed::from(Self::SEED), Seed::from(authority.as_array()), Seed::from(mint.as_array()), Seed::from(&bump)];
        act(&Signer::from(&seeds))
    }
}

/// PDA `["vault", gateway, agent]`. The three totals are cumulative and never decrease.
pub struct Vault {
    pub gateway: Address,
    pub agent: Address,
    pub deposited: u64,
    pub settled: u64,
    pub withdrawn: u64,
    /// One more with each deposit; the first is 1.
    pub deposit_index: u64,
    pub pending_withdrawal: u64,
    pub withdrawable_at_seconds: i64,
    /// The gateway's delay when this vault was opened; fixed for good.
    pub withdrawal_delay_seconds: i64,
    pub bump: u8,
}

impl Vault {
    const DISCRIMINATOR: [u8; DISCRIMINATOR_LEN] = [0xd3, 0x08, 0xe8, 0x2b, 0x02, 0x98, 0x75, 0x77];
    const SEED: &'static [u8] = b"vault";
    pub const LEN: usize = DISCRIMINATOR_LEN + 2 * 32 + 7 * 8 + 1;

    pub fn find_address(
        gateway: &Address,
        agent: &Address,
        program_id: &Address,
    ) -> Result<(Address, u8), ProgramError> {
        derived::find(&[Self::SEED, gateway.as_array(), agent.as_array()], program_id)
    }

    /// Reads a vault that this program wrote, at its own address and of this gateway.
    pub fn load(account: &AccountView, gateway: &Address, program_id: &Address) -> Result<Self, ProgramError> {
        checks::owner(account, program_id)?;
        let vault = Self::decode(&account.try_borrow()?)?;
        let seeds = [Self::SEED, vault.gateway.as_array(), vault.agent.as_array(), &[vault.bump]];
        derived::refuse_other_address(account, &seeds, program_id)?;
        checks::ensure(address_eq(&vault.gateway, gateway), VaultError::ForeignVault)?;
        Ok(vault)
    }

    fn decode(data: &[u8]) -> Result<Self, ProgramError> {
        let mut fields = Reader::new(data, VaultError::WrongAccountKind);
        checks::ensure(fields.array()? == Self::DISCRIMINATOR, VaultError::WrongAccountKind)?;
        let vault = Self {
            gateway: fields.address()?,
            agent: fields.address()?,
            deposited: fields.u64()?,
            settled: fields.u64()?,
            withdrawn: fields.u64()?,
            deposit_index: fields.u64()?,
            pending_withdrawal: fields.u64()?,
            withdrawable_at_seconds: fields.i64()?,
            withdrawal_delay_seconds: fields.i64()?,
            bump: fields.u8()?,
        };
        fields.finish()?;
        Ok(vault)
    }

    pub fn store(&self, account: &mut AccountView) -> ProgramResult {
        let mut data = account.try_borrow_mut()?;
        let mut writer = Writer::new(&mut data);
        writer.bytes(&Self::DISCRIMINATOR);
        writer.address(&self.gateway);
        writer.address(&self.agent);
        writer.u64(self.deposited);
        writer.u64(self.settled);
        writer.u64(self.withdrawn);
        writer.u64(self.deposit_index);
        writer.u64(self.pending_withdrawal);
        writer.i64(self.withdrawable_at_seconds);
        writer.i64(self.withdrawal_delay_seconds);
        writer.u8(self.bump);
        Ok(())
    }

    /// What came in and has not gone out: `deposited − settled − withdrawn`.
    pub fn booked(&self) -> Result<u64, ProgramError> {
        let gone = self.settled.checked_add(self.withdrawn).ok_or(VaultError::BooksBroken)?;
        Ok(self.deposited.checked_sub(gone).ok_or(VaultError::BooksBroken)?)
    }

    /// Counts one more deposit.
    pub fn credit(&mut self, amount: u64) -> ProgramResult {
        self.deposited = self.deposited.checked_add(amount).ok_or(VaultError::Overflow)?;
        self.deposit_index = self.deposit_index.checked_add(1).ok_or(VaultError::Overflow)?;
        Ok(())
    }

    /// Refuses a signer that is not the vault's agent.
    pub fn check_agent(&self, signer: &AccountView) -> ProgramResult {
        checks::ensure(address_eq(&self.agent, signer.address()), VaultError::WrongAgent)
    }

    /// Lowers the pending withdrawal to `left` at most; with nothing left there is none.
    pub fn cap_withdrawal(&mut self, left: u64) {
        self.pending_withdrawal = self.pending_withdrawal.min(left);
        if self.pending_withdrawal == 0 {
            self.withdrawable_at_seconds = 0;
        }
    }

    /// Runs `act` with the seeds that let this program sign for the vault's address.
    pub fn signing<T>(gateway: &Address, agent: &Address, bump: u8, act: impl FnOnce(&Signer) -> T) -> T {
        let bump = [bump];
        let seeds =
            [Seed::from(Self::SEED), Seed::from(gateway.as_array()), Seed::from(agent.as_array()), Seed::from(&bump)];
        act(&Signer::from(&seeds))
    }
}

/// Refuses a withdrawal delay outside 0 to 2,592,000 seconds.
pub fn check_delay(seconds: i64) -> ProgramResult {
    checks::ensure((0..=WITHDRAWAL_DELAY_SECONDS_MAX).contains(&seconds), VaultError::DelayOutOfRange)
}

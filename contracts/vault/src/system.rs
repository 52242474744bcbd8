//! Creating the program's own accounts.

use pinocchio::{cpi::Signer, AccountView, Address, ProgramResult};
use pinocchio_system::instructions::{Allocate, Assign, CreateAccount, Transfer};

use crate::{checks, error::VaultError, platform};

/// A derived account to be made: `space` zero bytes owned by the program, the rent paid by `payer`.
pub struct NewAccount<'a> {
    pub account: &'a AccountView,
    pub payer: &'a AccountView,
    pub space: u64,
    pub program_id: &'a Address,
}

impl NewAccount<'_> {
    /// Creates the account; `seeds` sign for its address.
    ///
    /// Lamports that someone sent there before only make it cheaper: `CreateAccount` would refuse such an account, so it
    /// is topped up, allocated and assigned one by one.
    pub fn create(&self, seeds: &Signer) -> ProgramResult {
        let Self { account, payer, space, program_id } = *self;
        checks::owner(account, &pinocchio_system::ID)?;
        checks::ensure(account.is_data_empty(), VaultError::WrongAccountKind)?;
        let lamports = platform::rent_exempt_lamports(space)?;
        let signers = core::slice::from_ref(seeds);
        if account.lamports() == 0 {
            return CreateAccount { from: payer, to: account, lamports, space, owner: program_id }
                .invoke_signed(signers);
        }
        let missing = lamports.saturating_sub(account.lamports());
        if missing > 0 {
            Transfer { from: payer, to: account, lamports: missing }.invoke()?;
        }
        Allocate { account, space }.invoke_signed(signers)?;
        Assign { account, owner: program_id }.invoke_signed(signers)
    }
}

//! Derived addresses: finding one, and holding an account to the one it must have.

use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};

use crate::{checks, error::VaultError};

/// The address that `program` derives from `seeds`, and its bump.
pub fn find(seeds: &[&[u8]], program: &Address) -> Result<(Address, u8), ProgramError> {
    Address::try_find_program_address(seeds, program).ok_or(VaultError::WrongAddress.into())
}

/// Refuses an account of this program that does not stand where its own fields and bump say.
///
/// Only this program creates its accounts, and only at derived addresses; deriving again keeps that true even if a later
/// instruction forgets it.
pub fn refuse_other_address(account: &AccountView, seeds: &[&[u8]; 4], program: &Address) -> ProgramResult {
    let derived = Address::create_program_address(seeds, program).map_err(|_| VaultError::WrongAddress)?;
    checks::address(account, &derived)
}

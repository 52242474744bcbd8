//! The checks that hold for an account by itself. Every instruction names its accounts and runs these in one order:
//! count, duplicates, signatures, writable, programs, and only then what the accounts hold.

use pinocchio::{address::address_eq, error::ProgramError, AccountView, Address, ProgramResult};

use crate::error::VaultError;

/// Exactly `N` accounts, each in one place only.
pub fn distinct<const N: usize>(accounts: &mut [AccountView]) -> Result<&mut [AccountView; N], ProgramError> {
    let accounts = exactly(accounts)?;
    for later in 1..N {
        for earlier in 0..later {
            refuse_duplicate(&accounts[earlier], &accounts[later])?;
        }
    }
    Ok(accounts)
}

/// As `distinct`, but the first two accounts may be one: an agent that pays for its own vault.
pub fn distinct_after_first<const N: usize>(
    accounts: &mut [AccountView],
) -> Result<&mut [AccountView; N], ProgramError> {
    let accounts = exactly(accounts)?;
    for later in 2..N {
        for earlier in 0..later {
            refuse_duplicate(&accounts[earlier], &accounts[later])?;
        }
    }
    Ok(accounts)
}

fn exactly<const N: usize>(accounts: &mut [AccountView]) -> Result<&mut [AccountView; N], ProgramError> {
    accounts.try_into().map_err(|_| VaultError::WrongAccountCount.into())
}

/// The runtime hands a repeated account over as the same memory, so the pointers tell.
fn refuse_duplicate(one: &AccountView, other: &AccountView) -> ProgramResult {
    if one.account_ptr() == other.account_ptr() {
        return Err(VaultError::DuplicateAccount.into());
    }
    Ok(())
}

pub fn signer(account: &AccountView) -> ProgramResult {
    ensure(account.is_signer(), VaultError::MissingSignature)
}

pub fn writable(account: &AccountView) -> ProgramResult {
    ensure(account.is_writable(), VaultError::NotWritable)
}

pub fn program(account: &AccountView, expected: &Address) -> ProgramResult {
    ensure(address_eq(account.address(), expected), VaultError::WrongProgram)
}

pub fn owner(account: &AccountView, expected: &Address) -> ProgramResult {
    ensure(account.owned_by(expected), VaultError::WrongAccountOwner)
}

pub fn address(account: &AccountView, expected: &Address) -> ProgramResult {
    ensure(address_eq(account.address(), expected), VaultError::WrongAddress)
}

pub fn ensure(holds: bool, otherwise: VaultError) -> ProgramResult {
    if holds {
        Ok(())
    } else {
        Err(otherwise.into())
    }
}

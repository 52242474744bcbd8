//! The classic Token program's accounts, and the associated token account that is a vault's deposit address.

use pinocchio::{
    account::Ref,
    address::address_eq,
    cpi::invoke,
    error::ProgramError,
    instruction::{InstructionAccount, InstructionView},
    AccountView, Address, ProgramResult,
};
use pinocchio_token::state::{Account, Mint};

use crate::{checks, derived, error::VaultError};

/// The Associated Token program.
pub mod associated {
    pinocchio::address::declare_id!("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

    /// Creates the account if it is missing and accepts it if it is there and right.
    pub const CREATE_IDEMPOTENT: u8 = 1;
}

/// The gateway's own mint; gives its decimals.
pub fn gateway_mint_decimals(mint: &AccountView, gateway_mint: &Address) -> Result<u8, ProgramError> {
    checks::ensure(address_eq(mint.address(), gateway_mint), VaultError::WrongMint)?;
    mint_decimals(mint)
}

/// A mint of the classic Token program; gives its decimals.
pub fn mint_decimals(mint: &AccountView) -> Result<u8, ProgramError> {
    checks::ensure(mint.owned_by(&pinocchio_token::ID), VaultError::UnsupportedMint)?;
    checks::ensure(mint.data_len() == Mint::LEN, VaultError::WrongAccountKind)?;
    let mint = Mint::from_account_view(mint)?;
    checks::ensure(mint.is_initialized(), VaultError::WrongAccountKind)?;
    Ok(mint.decimals())
}

/// A token account of the classic Token program and of `mint`.
pub fn token_account<'a>(account: &'a AccountView, mint: &Address) -> Result<Ref<'a, Account>, ProgramError> {
    checks::owner(account, &pinocchio_token::ID)?;
    checks::ensure(account.data_len() == Account::LEN, VaultError::WrongAccountKind)?;
    let token = Account::from_account_view(account)?;
    checks::ensure(token.is_initialized(), VaultError::WrongAccountKind)?;
    checks::ensure(address_eq(token.mint(), mint), VaultError::WrongMint)?;
    Ok(token)
}

/// Refuses to pay anything but a token account of `mint` that belongs to `owner`.
pub fn refuse_other_owner(account: &AccountView, owner: &Address, mint: &Address) -> ProgramResult {
    let token = token_account(account, mint)?;
    checks::ensure(address_eq(token.owner(), owner), VaultError::WrongTokenOwner)
}

/// The tokens on a vault's deposit address, after checking that the account is just that.
pub fn deposit_address_balance(account: &AccountView, vault: &Address, mint: &Address) -> Result<u64, ProgramError> {
    let balance = vault_tokens(account, vault, mint)?;
    checks::address(account, &deposit_address(vault, mint)?)?;
    Ok(balance)
}

fn vault_tokens(account: &AccountView, vault: &Address, mint: &Address) -> Result<u64, ProgramError> {
    let token = token_account(account, mint)?;
    checks::ensure(address_eq(token.owner(), vault), VaultError::WrongTokenOwner)?;
    Ok(token.amount())
}

/// Whether the deposit address stands: right in every respect, or not there at all (stray lamports aside). Anyone may
/// have created it before; what anyone may not have done is give it another owner or mint.
pub fn has_deposit_address(account: &AccountView, vault: &Address, mint: &Address) -> Result<bool, ProgramError> {
    checks::address(account, &deposit_address(vault, mint)?)?;
    if account.owned_by(&pinocchio_system::ID) {
        return Ok(false);
    }
    vault_tokens(account, vault, mint)?;
    Ok(true)
}

/// The vault's associated token account.
pub fn deposit_address(vault: &Address, mint: &Address) -> Result<Address, ProgramError> {
    let seeds: [&[u8]; 3] = [vault.as_array(), pinocchio_token::ID.as_array(), mint.as_array()];
    derived::find(&seeds, &associated::ID).map(|(address, _)| address)
}

/// What the Associated Token program's `CreateIdempotent` needs, in its order.
pub struct CreateDepositAddress<'a> {
    pub payer: &'a AccountView,
    pub deposit_address: &'a AccountView,
    pub vault: &'a AccountView,
    pub mint: &'a AccountView,
    pub system_program: &'a AccountView,
    pub token_program: &'a AccountView,
}

impl CreateDepositAddress<'_> {
    pub fn invoke(&self) -> ProgramResult {
        let accounts = [
            InstructionAccount::writable_signer(self.payer.address()),
            InstructionAccount::writable(self.deposit_address.address()),
            InstructionAccount::readonly(self.vault.address()),
            InstructionAccount::readonly(self.mint.address()),
            InstructionAccount::readonly(self.system_program.address()),
            InstructionAccount::readonly(self.token_program.address()),
        ];
        let instruction = InstructionView {
            program_id: &associated::ID,
            accounts: &accounts,
            data: &[associated::CREATE_IDEMPOTENT],
        };
        let views = [self.payer, self.deposit_address, self.vault, self.mint, self.system_program, self.token_program];
        invoke(&instruction, &views)
    }
}

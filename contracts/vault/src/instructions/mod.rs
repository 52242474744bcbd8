//! One file an instruction. Each has its `DISCRIMINATOR` and a `process` that names the accounts in the IDL's order.

use pinocchio::{AccountView, Address};

pub mod cancel_withdrawal;
pub mod close_deposit_address;
pub mod deposit;
pub mod emit_event;
pub mod initialize_gateway;
pub mod open_vault;
pub mod request_withdrawal;
pub mod settle;
pub mod sync_vault;
pub mod update_gateway;
pub mod withdraw;

mod gateway_terms;

/// One call of this program; `arguments` is what follows the discriminator.
pub struct Call<'a> {
    pub program_id: &'a Address,
    pub accounts: &'a mut [AccountView],
    pub arguments: &'a [u8],
}

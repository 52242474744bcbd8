//! `initialize_gateway(treasury, withdrawal_delay, receipt_key, endpoint)`: an operator opens shop for one mint.

use pinocchio::ProgramResult;

use super::{gateway_terms::GatewayTerms, Call};
use crate::{
    checks,
    error::VaultError,
    event::{Emitter, GatewayChangedEvent},
    platform,
    state::Gateway,
    system::NewAccount,
    token,
};

pub const DISCRIMINATOR: [u8; 8] = [0x79, 0x7d, 0x20, 0x2b, 0x7b, 0x0b, 0xf0, 0x76];

pub fn process(Call { program_id, accounts, arguments }: Call) -> ProgramResult {
    let [authority, gateway, mint, system_program, event_authority, program] = checks::distinct(accounts)?;
    checks::signer(authority)?;
    checks::writable(authority)?;
    checks::writable(gateway)?;
    checks::program(system_program, &pinocchio_system::ID)?;
    let emitter = Emitter::new(event_authority, program, program_id)?;
    let terms = GatewayTerms::read(arguments)?;
    token::mint_decimals(mint)?;

    let (address, bump) = Gateway::find_address(authority.address(), mint.address(), program_id)?;
    checks::address(gateway, &address)?;
    checks::ensure(!gateway.owned_by(program_id), VaultError::GatewayExists)?;
    Gateway::signing(authority.address(), mint.address(), bump, |seeds| {
        NewAccount { account: gateway, payer: authority, space: Gateway::LEN as u64, program_id }.create(seeds)
    })?;

    let created = Gateway {
        authority: *authority.address(),
        treasury: terms.treasury,
        mint: *mint.address(),
        withdrawal_delay_seconds: terms.withdrawal_delay_seconds,
        receipt_key: terms.receipt_key,
        endpoint: terms.endpoint,
        opened_at_seconds: platform::unix_timestamp_seconds()?,
        bump,
    };
    created.store(gateway)?;
    emitter.emit(&GatewayChangedEvent { address: &address, gateway: &created })
}

//! `update_gateway(treasury, withdrawal_delay, receipt_key, endpoint)`: replaces every term; open vaults keep their delay.

use pinocchio::{address::address_eq, ProgramResult};

use super::{gateway_terms::GatewayTerms, Call};
use crate::{
    checks,
    error::VaultError,
    event::{Emitter, GatewayChangedEvent},
    state::Gateway,
};

pub const DISCRIMINATOR: [u8; 8] = [0x0b, 0x85, 0x92, 0x00, 0x7a, 0x74, 0x0a, 0x4b];

pub fn process(Call { program_id, accounts, arguments }: Call) -> ProgramResult {
    let [authority, gateway, event_authority, program] = checks::distinct(accounts)?;
    checks::signer(authority)?;
    checks::writable(gateway)?;
    let emitter = Emitter::new(event_authority, program, program_id)?;
    let terms = GatewayTerms::read(arguments)?;

    let stored = Gateway::load(gateway, program_id)?;
    checks::ensure(address_eq(&stored.authority, authority.address()), VaultError::WrongAuthority)?;
    let changed = Gateway {
        treasury: terms.treasury,
        withdrawal_delay_seconds: terms.withdrawal_delay_seconds,
        receipt_key: terms.receipt_key,
        endpoint: terms.endpoint,
        ..stored
    };
    changed.store(gateway)?;
    emitter.emit(&GatewayChangedEvent { address: gateway.address(), gateway: &changed })
}

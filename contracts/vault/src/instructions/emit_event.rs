//! Anchor's event instruction: does nothing but exist in the transaction. Only this program can sign for the event
//! authority, so an event that stands there was emitted by this program.

use pinocchio::ProgramResult;

use super::Call;
use crate::{checks, error::VaultError, event::find_authority};

/// Anchor's event tag, the first eight bytes of `sha256("anchor:event")` read as a big-endian number.
pub const DISCRIMINATOR: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

pub fn process(Call { program_id, accounts, .. }: Call) -> ProgramResult {
    let [event_authority] = checks::distinct(accounts)?;
    checks::ensure(event_authority.is_signer(), VaultError::EventNotOurs)?;
    let (address, _) = find_authority(program_id)?;
    checks::ensure(event_authority.address() == &address, VaultError::EventNotOurs)
}

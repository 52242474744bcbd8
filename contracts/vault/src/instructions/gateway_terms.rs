//! The arguments that creating and changing a gateway share.

use pinocchio::{error::ProgramError, Address};

use crate::{
    codec::Reader,
    error::VaultError,
    state::{check_delay, Endpoint},
};

/// What an operator may choose and change: all but authority and mint.
pub struct GatewayTerms {
    pub treasury: Address,
    pub withdrawal_delay_seconds: i64,
    pub receipt_key: Address,
    pub endpoint: Endpoint,
}

impl GatewayTerms {
    pub fn read(arguments: &[u8]) -> Result<Self, ProgramError> {
        let mut fields = Reader::new(arguments, VaultError::MalformedArguments);
        let treasury = fields.address()?;
        let withdrawal_delay_seconds = fields.i64()?;
        let receipt_key = fields.address()?;
        let endpoint = fields.string_bytes()?;
        fields.finish()?;
        check_delay(withdrawal_delay_seconds)?;
        Ok(Self { treasury, withdrawal_delay_seconds, receipt_key, endpoint: Endpoint::new(endpoint)? })
    }
}

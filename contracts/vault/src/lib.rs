//! The vault program: an agent's USDC, paid in by anyone, paid out only as the agent signed.
//!
//! The wire format is Anchor's (discriminators, Borsh, events by self-CPI); the code is pinocchio, without `std` or heap.
#![no_std]

mod checks;
mod codec;
mod derived;
mod entrypoint;
mod error;
mod event;
mod instructions;
mod platform;
mod state;
mod system;
mod token;
mod voucher;

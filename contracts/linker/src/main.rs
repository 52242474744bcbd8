//! rustc's linker for the vault program: LLVM bitcode in, SBPF v3 shared object out.
//!
//! rustc calls it with the arguments of the `bpf` linker flavour. Anything it does not understand is an error, so that a
//! newer compiler cannot change the program unseen.

mod arguments;
mod link;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .without_time()
        .init();
    let outcome = arguments::Arguments::parse(env::args().skip(1)).and_then(|arguments| link::link(&arguments));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("vault-linker: {reason}");
            ExitCode::FAILURE
        }
    }
}

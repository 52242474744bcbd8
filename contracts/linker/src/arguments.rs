//! The command line that rustc writes for the `bpf` linker flavour.

use std::{fs, path::PathBuf};

/// The program's one entry, which the loader calls.
const ENTRYPOINT: &str = "entrypoint";

/// What to link: bitcode files, the symbols that must survive, and where the program goes.
pub struct Arguments {
    pub inputs: Vec<PathBuf>,
    pub exports: Vec<String>,
    pub output: PathBuf,
}

impl Arguments {
    /// Reads rustc's arguments, without the program's own name.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut inputs = Vec::new();
        let mut exports = vec![ENTRYPOINT.to_string()];
        let mut output = None;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} lacks its value"));
            match argument.as_str() {
                "-o" => output = Some(PathBuf::from(value()?)),
                "--export-symbols" => exports.extend(read_symbols(&value()?)?),
                "--export" => exports.push(value()?),
                "--cpu" => refuse_other_cpu(&value()?)?,
                // Search paths and flavour: every input comes by its full path.
                "-L" | "-flavor" => drop(value()?),
                // Chosen once for this program, in `link`.
                "-O3" | "--debug" | "--btf" => {}
                flag if flag.starts_with('-') => return Err(format!("does not know {flag}")),
                input => inputs.push(PathBuf::from(input)),
            }
        }
        let output = output.ok_or("was given no -o")?;
        Ok(Self { inputs, exports, output })
    }
}

fn read_symbols(path: &str) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read the symbols in {path}: {error}"))?;
    Ok(text.lines().map(String::from).collect())
}

fn refuse_other_cpu(cpu: &str) -> Result<(), String> {
    if cpu == "v2" {
        return Ok(());
    }
    Err(format!("builds for BPF cpu v2, not {cpu}: pass -C target-cpu=v2"))
}

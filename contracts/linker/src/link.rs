//! The two steps: LLVM makes one BPF object of the bitcode, `sbpf-linker` makes an SBPF program of that.

use std::{ffi::CString, fs};

use bpf_linker::{Cpu, Linker, LinkerInput, LinkerOptions, OptLevel, OutputType};
use sbpf_linker::{link_program, OptimizationConfig, ProgramOptions, SbpfArch};

use crate::arguments::Arguments;

/// The runtime gives each call this much stack.
const STACK_FRAME_BYTES: i32 = 4096;

/// SBPF reads and writes at any address; upstream's BPF would copy keys byte by byte, at more than twice the size.
const CPU_FEATURES: &str = "+allows-misaligned-mem-access";

/// Links `arguments.inputs` and writes the program to `arguments.output`.
pub fn link(arguments: &Arguments) -> Result<(), String> {
    let object = bpf_object(arguments)?;
    let options = ProgramOptions::new(OptimizationConfig::enabled(), SbpfArch::V3, STACK_FRAME_BYTES);
    let program = link_program(&object, options).map_err(|error| format!("SBPF: {error:?}"))?;
    let output = &arguments.output;
    fs::write(output, program).map_err(|error| format!("cannot write {}: {error}", output.display()))
}

fn bpf_object(arguments: &Arguments) -> Result<Vec<u8>, String> {
    let linker = Linker::new(LinkerOptions {
        target: None,
        cpu: Cpu::V2,
        cpu_features: c_string(CPU_FEATURES)?,
        optimize: OptLevel::Aggressive,
        unroll_loops: false,
        ignore_inline_never: false,
        llvm_args: vec![c_string(&format!("--bpf-stack-size={STACK_FRAME_BYTES}"))?],
        disable_expand_memcpy_in_order: true,
        disable_memory_builtins: false,
        btf: false,
        allow_bpf_trap: false,
    });
    let object = linker
        .link_to_buffer(
            arguments.inputs.iter().map(|path| LinkerInput::new_from_file(path)),
            OutputType::Object,
            arguments.exports.iter().map(String::as_str),
        )
        .map_err(|error| format!("LLVM: {error}"))?;
    if linker.has_errors() {
        return Err(
            "LLVM reported the errors above; contracts/README.md lists what this path cannot compile".to_string()
        );
    }
    Ok(object.as_slice().to_vec())
}

fn c_string(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|error| error.to_string())
}

//! The program `snode`: trains, evaluates and checks standalone neural ODEs.
//!
//! A thin layer over the library crates: it reads [experiments](config) from TOML files, turns
//! them into trainings ([`session`]) whose course it [shows](progress), and keeps the results in
//! HDF5 files. The modules are public for the program's own tests; they are no interface to build
//! on.

// Built piece by piece from formatted parts; speed does not matter here.
#![allow(clippy::format_push_string)]

pub mod analyses;
pub mod arguments;
pub mod cli;
pub mod commands;
pub mod config;
pub mod device;
pub mod encoded;
pub mod error;
pub mod estimate;
pub mod event;
pub mod examples;
pub mod findings;
pub mod fingerprint;
pub mod format;
pub mod grid;
pub mod interrupt;
pub mod mat73;
pub mod number;
pub mod output;
pub mod outputs;
pub mod pictures;
pub mod prepare;
pub mod progress;
pub mod records;
pub mod report;
pub mod runner;
pub mod session;
pub mod sources;
pub mod tables;
pub mod threads;

//! Compiles the protobuf contract and the policy in pure Rust, and records the commit.

#![allow(clippy::disallowed_methods, reason = "cargo speaks to build scripts by environment")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use prost::Message as _;

#[path = "build/policy.rs"]
mod policy;

/// Types that hold a password or a token, or a message that does. Their
/// `Debug` is written by hand in `src/rpc/redact.rs`; a type that stands in
/// one list only does not compile.
const REDACTED: [&str; 17] = [
    ".reeve.auth.v1.CreateApiKeyResponse",
    ".reeve.auth.v1.MfaChallenge",
    ".reeve.auth.v1.RefreshSessionRequest",
    ".reeve.auth.v1.RefreshSessionResponse",
    ".reeve.auth.v1.Session",
    ".reeve.auth.v1.SignInRequest",
    ".reeve.auth.v1.SignInResponse",
    ".reeve.auth.v1.SignUpRequest",
    ".reeve.auth.v1.SignUpResponse",
    ".reeve.auth.v1.StartSignUpRequest",
    ".reeve.auth.v1.SwitchTenantResponse",
    ".reeve.auth.v1.ValidateTokenRequest",
    ".reeve.invitation.v1.AcceptInvitationRequest",
    ".reeve.invitation.v1.CreateInvitationResponse",
    ".reeve.invitation.v1.DeclineInvitationRequest",
    ".reeve.invitation.v1.PreviewInvitationRequest",
    ".reeve.invitation.v1.ResendInvitationResponse",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=proto");
    // `embed_migrations!` does not see a new file by itself.
    println!("cargo:rerun-if-changed=migrations");
    compile_protos()?;
    compile_policy()?;
    leave_out_the_tenant_condition();
    record_commit();
    Ok(())
}

fn compile_protos() -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    find_protos(Path::new("proto"), &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_source_info(true).include_imports(true).open_files(&files)?;
    let descriptors = compiler.file_descriptor_set();

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("reeve_descriptor.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_client(true)
        .build_server(true)
        .skip_debug(REDACTED)
        .compile_fds(descriptors)?;
    Ok(())
}

fn find_protos(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            find_protos(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

/// A policy that cannot be read fails the build with its line alone.
fn compile_policy() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={}", policy::FILE);
    match policy::table(&fs::read_to_string(policy::FILE)?) {
        Ok(table) => fs::write(PathBuf::from(env::var("OUT_DIR")?).join("policy.rs"), table)?,
        Err(wrong) => println!("cargo::error={wrong}"),
    }
    Ok(())
}

/// For the one test job that shows what row-level security does alone; never in a release.
fn leave_out_the_tenant_condition() {
    println!("cargo::rustc-check-cfg=cfg(reeve_unscoped)");
    println!("cargo::rerun-if-env-changed=REEVE_TEST_UNSCOPED");
    if env::var_os("REEVE_TEST_UNSCOPED").is_none() {
        return;
    }
    if env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
        println!("cargo::rustc-cfg=reeve_unscoped");
    } else {
        println!("cargo::error=REEVE_TEST_UNSCOPED is for tests: a release keeps its conditions");
    }
}

/// A build without git, or outside a checkout, is a build of an unknown commit.
fn record_commit() {
    if Path::new(".git/HEAD").exists() {
        println!("cargo:rerun-if-changed=.git/HEAD");
    }
    let commit = commit().unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=REEVE_COMMIT={commit}");
}

fn commit() -> Option<String> {
    // Without this a source archive unpacked inside some other repository
    // would carry that repository's commit.
    if !Path::new(".git").exists() {
        return None;
    }
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let hash = text.trim();
    let is_hash = !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (output.status.success() && is_hash).then(|| hash.to_owned())
}

//! Computing hashes: argon2id for what we store, bcrypt besides for what was imported.

use super::{
    Password,
    stored::{Kind, LANES, MEMORY_KIB, OUTPUT_BYTES, PASSES, SALT_BYTES, StoredHash},
};
use crate::model::{Error, Result, clock::Rng};
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use std::sync::Arc;

/// What checking a password brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub matches: bool,
    /// The password matches a hash weaker than today's: store a new one.
    pub rehash: bool,
}

/// Computes hashes, one at a time, in memory that it keeps.
pub(super) struct Computer {
    blocks: Vec<Block>,
    rng: Arc<dyn Rng>,
    /// Memory of each argon2id computation, in KiB.
    #[cfg(test)]
    pub(super) computed: Vec<u32>,
}

impl Computer {
    /// Takes no memory before its first computation.
    pub(super) fn new(rng: Arc<dyn Rng>) -> Self {
        Self {
            blocks: Vec::new(),
            rng,
            #[cfg(test)]
            computed: Vec::new(),
        }
    }

    /// Hashes a new password, with a new salt, into a PHC string.
    pub(super) fn hash(&mut self, password: &Password) -> Result<String> {
        if password.is_too_long() {
            return Err(Error::internal("a password past the maximum was not refused"));
        }
        let mut salt = [0; SALT_BYTES];
        self.rng.fill(&mut salt);
        let (params, salt) = (today()?, Salt::new(&salt).map_err(Error::internal)?);
        let output = self.argon2id(&params, &salt, OUTPUT_BYTES, password.as_str().as_bytes())?;
        let text = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(Error::internal)?,
            salt: Some(salt),
            hash: Some(output),
        };
        Ok(text.to_string())
    }

    /// Checks a password with exactly one computation, whatever is stored.
    ///
    /// Without a hash that can be checked, a computation of today's cost takes its place; a
    /// password that is too long is replaced by an empty one. Neither ever matches.
    pub(super) fn verify(&mut self, password: &Password, stored: Option<&str>) -> Result<Verdict> {
        let known = stored.and_then(StoredHash::parse);
        let genuine = known.is_some() && !password.is_too_long();
        let bytes = if password.is_too_long() { &[] } else { password.as_str().as_bytes() };
        let target = known.map_or_else(dummy, Ok)?;
        let equal = match &target.0 {
            Kind::Argon2id { params, salt, output } => {
                self.argon2id(params, salt, output.len(), bytes)? == *output
            }
            // Sees 72 bytes at most: a limit of the imported hash, which the rehash lifts.
            Kind::Bcrypt(text) => bcrypt::verify(bytes, text).map_err(Error::internal)?,
        };
        let matches = equal && genuine;
        Ok(Verdict { matches, rehash: matches && target.needs_rehash() })
    }

    fn argon2id(
        &mut self,
        params: &Params,
        salt: &Salt,
        output_bytes: usize,
        password: &[u8],
    ) -> Result<Output> {
        #[cfg(test)]
        self.computed.push(params.m_cost());
        self.reserve(params.block_count())?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let mut output = [0; Output::MAX_LENGTH];
        let output = output.get_mut(..output_bytes).ok_or_else(|| Error::internal("output"))?;
        argon2
            .hash_password_into_with_memory(password, salt.as_ref(), output, &mut self.blocks)
            .map_err(Error::internal)?;
        self.give_back();
        Output::new(output).map_err(Error::internal)
    }

    fn reserve(&mut self, blocks: usize) -> Result<()> {
        let missing = blocks.saturating_sub(self.blocks.len());
        self.blocks.try_reserve_exact(missing).map_err(Error::internal)?;
        self.blocks.resize(blocks.max(self.blocks.len()), Block::new());
        Ok(())
    }

    /// Keeps the memory of an ordinary hash, not that of an imported larger one.
    fn give_back(&mut self) {
        self.blocks.truncate(MEMORY_KIB as usize);
        self.blocks.shrink_to_fit();
    }
}

fn today() -> Result<Params> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_BYTES)).map_err(Error::internal)
}

/// Stands in for a hash that is missing or unusable.
fn dummy() -> Result<StoredHash> {
    let salt = Salt::new(&[0; SALT_BYTES]).map_err(Error::internal)?;
    let output = Output::new(&[0; OUTPUT_BYTES]).map_err(Error::internal)?;
    Ok(StoredHash(Kind::Argon2id { params: today()?, salt, output }))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Rng for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    const MISMATCH: Verdict = Verdict { matches: false, rehash: false };
    const MATCH: Verdict = Verdict { matches: true, rehash: false };
    const STALE: Verdict = Verdict { matches: true, rehash: true };

    fn computer() -> Computer {
        Computer::new(Arc::new(Counting(1.into())))
    }

    // R-PW-4: argon2id with the documented cost and a salt of 16 bytes of its own.
    #[test]
    fn a_hash_is_a_salted_phc_string_of_the_documented_cost() {
        let (mut computer, password) = (computer(), Password::new("TestPass123!"));
        let (one, two) = (computer.hash(&password).unwrap(), computer.hash(&password).unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$"), "{one}");
        assert_ne!(one, two);
        assert_eq!(computer.verify(&password, Some(&one)).unwrap(), MATCH);
        let other = Password::new("testPass123!");
        assert_eq!(computer.verify(&other, Some(&one)).unwrap(), MISMATCH);
        assert_eq!(computer.computed, [MEMORY_KIB; 4]);
    }

    // R-PW-2, G-75: every byte counts, past the 72nd too, and so do spaces at the ends.
    #[test]
    fn nothing_is_cut_off() {
        let (mut computer, stem) = (computer(), "A".repeat(72));
        let stored = computer.hash(&Password::new(&format!("{stem}x"))).unwrap();
        for (text, verdict) in [("x", MATCH), ("y", MISMATCH), ("x ", MISMATCH), ("", MISMATCH)] {
            let password = Password::new(&format!("{stem}{text}"));
            assert_eq!(computer.verify(&password, Some(&stored)).unwrap(), verdict);
        }
    }

    // R-ENU-2, SU-44, G-76: no hash, a broken one, one too dear, a password too long: the same work.
    #[test]
    fn a_check_that_cannot_succeed_does_the_same_work() {
        let mut computer = computer();
        let dear =
            "$argon2id$v=19$m=1048576,t=99,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA";
        let password = Password::new("TestPass123!");
        for stored in [None, Some("not a hash"), Some(dear)] {
            assert_eq!(computer.verify(&password, stored).unwrap(), MISMATCH);
        }
        let own = computer.hash(&Password::new("")).unwrap();
        for length in [257, 1025, 4097] {
            let long = Password::new(&"a".repeat(length));
            assert_eq!(computer.verify(&long, Some(&own)).unwrap(), MISMATCH);
            assert_eq!(computer.verify(&long, None).unwrap(), MISMATCH);
        }
        assert_eq!(computer.computed, [MEMORY_KIB; 10]);
        assert!(computer.hash(&Password::new(&"a".repeat(257))).is_err());
    }

    // R-PW-4: imported bcrypt hashes are accepted once, to be replaced.
    #[test]
    fn bcrypt_hashes_match_and_ask_for_a_rehash() {
        let mut computer = computer();
        let stored = bcrypt::hash_with_salt("TestPass123!", 4, [7; 16]).unwrap();
        for version in [bcrypt::Version::TwoA, bcrypt::Version::TwoB, bcrypt::Version::TwoY] {
            let stored = stored.format_for_version(version);
            let right = computer.verify(&Password::new("TestPass123!"), Some(&stored)).unwrap();
            let wrong = computer.verify(&Password::new("TestPass1234"), Some(&stored)).unwrap();
            assert_eq!((right, wrong), (STALE, MISMATCH));
        }
        assert!(computer.computed.is_empty() && computer.blocks.is_empty());
    }

    // R-PW-4: weaker and stronger argon2id hashes match; the memory goes back to its usual size.
    #[test]
    fn other_costs_match_and_the_memory_stays_bounded() {
        let (mut computer, password) = (computer(), Password::new("TestPass123!"));
        for (memory, verdict) in [(8 * 1024, STALE), (24 * 1024, MATCH)] {
            let params = Params::new(memory, 2, 1, None).unwrap();
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let hash =
                argon2::PasswordHasher::hash_password_with_salt(&argon2, b"TestPass123!", &[3; 16]);
            let stored: PasswordHash = hash.unwrap();
            assert_eq!(computer.verify(&password, Some(&stored.to_string())).unwrap(), verdict);
            assert!(computer.blocks.capacity() <= MEMORY_KIB as usize);
        }
    }
}

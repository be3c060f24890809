//! The generated types of the protobuf contract, one module a package.

/// `reeve.auth.v1`: sign-up, sign-in, sessions.
pub mod auth {
    /// Version 1.
    pub mod v1 {
        #![allow(missing_docs, clippy::all, clippy::pedantic)]
        tonic::include_proto!("reeve.auth.v1");
    }
}

/// `reeve.common.v1`: types that several services share.
pub mod common {
    /// Version 1.
    pub mod v1 {
        #![allow(missing_docs, clippy::all, clippy::pedantic)]
        tonic::include_proto!("reeve.common.v1");
    }
}

/// `reeve.invitation.v1`: invitations into tenants.
pub mod invitation {
    /// Version 1.
    pub mod v1 {
        #![allow(missing_docs, clippy::all, clippy::pedantic)]
        tonic::include_proto!("reeve.invitation.v1");
    }
}

/// `reeve.sync.v1`: accounts and profiles kept in step.
pub mod sync {
    /// Version 1.
    pub mod v1 {
        #![allow(missing_docs, clippy::all, clippy::pedantic)]
        tonic::include_proto!("reeve.sync.v1");
    }
}

/// `reeve.tenant.v1`: tenants, their domains and their users.
pub mod tenant {
    /// Version 1.
    pub mod v1 {
        #![allow(missing_docs, clippy::all, clippy::pedantic)]
        tonic::include_proto!("reeve.tenant.v1");
    }
}

/// The whole contract with its comments and imports, for reflection and for
/// tests that walk every RPC.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/reeve_descriptor.bin"));

//! The methods that exist, from the descriptors: exact paths, and what they stream.

use prost::Message as _;
use prost_types::FileDescriptorSet;
use std::{collections::HashMap, sync::Arc};

/// A method that exists.
#[derive(Debug, Clone)]
pub struct Method {
    /// Full name, `package.Service/Method`.
    pub name: Arc<str>,
    pub client_streaming: bool,
    pub server_streaming: bool,
}

impl Method {
    /// Health and reflection: never limited, never authenticated.
    pub fn is_infrastructure(&self) -> bool {
        self.name.starts_with("grpc.")
    }
}

/// Every method, by its exact path.
#[derive(Debug, Default)]
pub struct Methods(HashMap<String, Method>);

impl Methods {
    /// Reads the methods of encoded descriptor sets; health and reflection are added.
    pub fn of(sets: &[&[u8]]) -> Result<Self, prost::DecodeError> {
        let mut methods = Self::default();
        for set in sets.iter().chain(&[
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ]) {
            methods.read(&FileDescriptorSet::decode(*set)?);
        }
        Ok(methods.with("grpc.health.v1.Health/List", false, false))
    }

    #[must_use]
    pub fn with(mut self, name: &str, client_streaming: bool, server_streaming: bool) -> Self {
        let method = Method { name: name.into(), client_streaming, server_streaming };
        self.0.insert(format!("/{name}"), method);
        self
    }

    /// The method of a path, compared exactly.
    pub fn find(&self, path: &str) -> Option<&Method> {
        self.0.get(path)
    }

    fn read(&mut self, set: &FileDescriptorSet) {
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let name = format!("{}.{}/{}", file.package(), service.name(), method.name());
                    let taken = std::mem::take(self);
                    *self = taken.with(&name, method.client_streaming(), method.server_streaming());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_exact_path_is_a_method() {
        let methods = Methods::of(&[]).unwrap();
        assert!(methods.find("/grpc.health.v1.Health/Watch").unwrap().server_streaming);
        assert!(methods.find("/grpc.health.v1.Health/List").unwrap().is_infrastructure());
        for path in ["grpc.health.v1.Health/Check", "//grpc.health.v1.Health/Check", "/", ""] {
            assert!(methods.find(path).is_none());
        }
        assert!(methods.find("/grpc.health.v1.Health/check").is_none());
        assert!(methods.find("/grpc.health.v1.Health/Check/").is_none());
    }
}

//! Reflection v1 and v1alpha: our services, health, and the types of error details.

use super::MAX_MESSAGE;
use prost::Message as _;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MessageOptions,
    MethodDescriptorProto, field_descriptor_proto,
};
use tonic::service::RoutesBuilder;
use tonic_reflection::server::{Builder, Error};

/// Adds both services to the routes. `ours` are encoded descriptor sets.
pub fn add(routes: &mut RoutesBuilder, ours: &[&'static [u8]]) -> Result<(), Error> {
    let v1 = builder(ours)?.build_v1()?;
    let v1alpha = builder(ours)?.build_v1alpha()?;
    routes
        .add_service(v1.max_decoding_message_size(MAX_MESSAGE))
        .add_service(v1alpha.max_decoding_message_size(MAX_MESSAGE));
    Ok(())
}

fn builder<'a>(ours: &[&'a [u8]]) -> Result<Builder<'a>, Error> {
    let builder = Builder::configure()
        .include_reflection_service(false)
        .register_file_descriptor_set(health()?)
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET);
    Ok(ours.iter().fold(builder, |builder, set| builder.register_encoded_file_descriptor_set(set)))
}

/// The descriptors of health with List, which tonic-health does not have yet.
fn health() -> Result<FileDescriptorSet, Error> {
    let mut set = FileDescriptorSet::decode(tonic_health::pb::FILE_DESCRIPTOR_SET)?;
    for file in &mut set.file {
        add_list(file);
    }
    Ok(set)
}

fn add_list(file: &mut FileDescriptorProto) {
    let Some(service) = file.service.iter_mut().find(|service| service.name() == "Health") else {
        return;
    };
    if service.method.iter().any(|method| method.name() == "List") {
        return;
    }
    service.method.push(MethodDescriptorProto {
        name: Some("List".to_owned()),
        input_type: Some(".grpc.health.v1.HealthListRequest".to_owned()),
        output_type: Some(".grpc.health.v1.HealthListResponse".to_owned()),
        ..Default::default()
    });
    let entry = ".grpc.health.v1.HealthListResponse.StatusesEntry";
    let status = ".grpc.health.v1.HealthCheckResponse";
    file.message_type.extend([
        DescriptorProto { name: Some("HealthListRequest".to_owned()), ..Default::default() },
        DescriptorProto {
            name: Some("HealthListResponse".to_owned()),
            field: vec![field("statuses", 1, Some(entry), true)],
            nested_type: vec![DescriptorProto {
                name: Some("StatusesEntry".to_owned()),
                field: vec![field("key", 1, None, false), field("value", 2, Some(status), false)],
                options: Some(MessageOptions { map_entry: Some(true), ..Default::default() }),
                ..Default::default()
            }],
            ..Default::default()
        },
    ]);
}

fn field(name: &str, number: i32, message: Option<&str>, many: bool) -> FieldDescriptorProto {
    use field_descriptor_proto::{Label, Type};
    let kind = if message.is_some() { Type::Message } else { Type::String };
    let label = if many { Label::Repeated } else { Label::Optional };
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(kind.into()),
        type_name: message.map(str::to_owned),
        json_name: Some(name.to_owned()),
        ..Default::default()
    }
}

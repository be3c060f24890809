//! `reeve health`: one question to a running server; fit for a container's health check.

use super::{
    args::Health,
    outcome::{Failure, Outcome},
    print,
};
use crate::config::Problems;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tonic::{Code, Status, transport::Endpoint};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

pub(super) async fn run(
    asked: &Health,
    listen: impl FnOnce() -> Result<SocketAddr, Problems>,
) -> Result<Outcome, Failure> {
    let address = match &asked.address {
        Some(address) => reachable(address),
        None => reachable(&listen()?.to_string()),
    };
    let answer = tokio::time::timeout(asked.timeout, check(&address, &asked.service)).await;
    let status = answer.map_err(|_| {
        let waited = humantime::format_duration(asked.timeout);
        Failure::message(format!("no answer from {address} within {waited}"))
    })??;
    print::text_of(status.as_str_name())?;
    Ok(if status == ServingStatus::Serving { Outcome::Done } else { Outcome::No })
}

async fn check(address: &str, service: &str) -> Result<ServingStatus, Failure> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|_| Failure::usage("--address: expected IP:PORT"))?;
    let channel = endpoint.connect().await.map_err(|error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Failure::message(format!("cannot connect to {address}: {cause}; does 'reeve serve' run?"))
    })?;
    let request = HealthCheckRequest { service: service.to_owned() };
    let answer = HealthClient::new(channel).check(request).await;
    let answer = answer.map_err(|status| refused(address, service, &status))?.into_inner();
    Ok(answer.status())
}

fn refused(address: &str, service: &str, status: &Status) -> Failure {
    if status.code() == Code::NotFound {
        return Failure::message(format!(
            "{address} knows no service {service:?}: ask for readiness, liveness, database, \
             user-sync or the full name of a gRPC service"
        ));
    }
    Failure::message(format!("{address} answered {:?}: {}", status.code(), status.message()))
}

/// A listener on every address is asked on the loopback one.
fn reachable(address: &str) -> String {
    let Ok(mut socket) = address.parse::<SocketAddr>() else { return address.to_owned() };
    if socket.ip().is_unspecified() {
        socket.set_ip(match socket.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    socket.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:50051", "127.0.0.1:50051"),
            ("[::]:50051", "[::1]:50051"),
            ("10.0.0.1:1", "10.0.0.1:1"),
            ("reeve.internal:50051", "reeve.internal:50051"),
        ] {
            assert_eq!(reachable(listen), asked);
        }
    }
}

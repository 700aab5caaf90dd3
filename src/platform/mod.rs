//! The platforms: wire format to [`crate::types::Inbound`] and [`crate::types::Message`] to wire format. Nothing is decided here.
//!
//! A platform may store what it received (through [`crate::turn::Inbox`]) and send what it is given (as
//! [`crate::outbox::Deliver`]). It never touches the database, never calls the engine, and never sees another platform.

pub mod console;
pub mod discord;
pub mod inbox;
pub mod telegram;

use reqwest::Url;

/// Which hosts this process may talk to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Any host that the configuration names.
    #[default]
    Open,
    /// Only this machine: for tests and rehearsals, so that a mistake cannot reach the real platforms.
    Loopback,
}

/// An address that a platform may use: the one constructor through which every base address of ours goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

/// An address that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not an `http` or `https` address.
    #[error("`{0}` is not an http:// or https:// address")]
    Malformed(String),
    /// Not on this machine although only this machine is allowed.
    #[error("`{0}` is not on this machine, and the setting `network = \"loopback\"` allows nothing else")]
    NotLoopback(String),
}

impl Endpoint {
    /// Checks a base address. A trailing slash is dropped.
    ///
    /// # Errors
    /// When it is no http(s) address, or not on this machine under [`Network::Loopback`].
    pub fn new(address: &str, network: Network) -> Result<Self, EndpointError> {
        let malformed = || EndpointError::Malformed(address.to_owned());
        let url = Url::parse(address.trim_end_matches('/')).map_err(|_| malformed())?;
        if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") || url.cannot_be_a_base() {
            return Err(malformed());
        }
        let host = url.host_str().ok_or_else(malformed)?;
        if network == Network::Loopback && !is_local(host) {
            return Err(EndpointError::NotLoopback(address.to_owned()));
        }
        Ok(Self(url))
    }

    /// The address without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The address as a URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }
}

/// Is this host this machine?
pub(crate) fn is_local(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The longest that a server is waited for because it said so.
const LONGEST_WAIT: f64 = 3600.0;

/// The time that a server asks us to wait, from the number of seconds it named; `None` when it named none that makes sense.
fn asked_to_wait(seconds: Option<f64>) -> Option<std::time::Duration> {
    let seconds = seconds.filter(|seconds| seconds.is_finite() && *seconds > 0.0)?;
    Some(std::time::Duration::from_secs_f64(seconds.min(LONGEST_WAIT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_refuses_every_other_host() {
        assert!(Endpoint::new("http://127.0.0.1:8080/", Network::Loopback).is_ok());
        assert!(Endpoint::new("http://[::1]:8080", Network::Loopback).is_ok());
        assert!(Endpoint::new("http://localhost:1", Network::Loopback).is_ok());
        for other in ["https://api.telegram.org", "http://127.0.0.1.example.org", "http://10.0.0.1"] {
            assert!(matches!(Endpoint::new(other, Network::Loopback), Err(EndpointError::NotLoopback(_))), "{other}");
        }
    }

    #[test]
    fn nobody_is_waited_for_longer_than_an_hour_or_for_no_time_at_all() {
        let waits = |seconds| asked_to_wait(Some(seconds)).map(|wait| wait.as_millis());
        assert_eq!([0.3, 17.0, 1e300].map(waits), [Some(300), Some(17_000), Some(3_600_000)]);
        assert_eq!([0.0, -5.0, f64::NAN, f64::INFINITY].map(waits), [None; 4]);
        assert_eq!(asked_to_wait(None), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for address in ["", "telegram", "ftp://x", "http://"] {
            assert!(matches!(Endpoint::new(address, Network::Open), Err(EndpointError::Malformed(_))), "{address}");
        }
    }
}

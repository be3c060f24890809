//! The one error type: a closed set of kinds, a published reason, and two messages.

use std::{borrow::Cow, collections::BTreeMap, fmt, time::Duration};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, coarsely; each kind has exactly one gRPC code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Invalid,
    Unauthenticated,
    Denied,
    NotFound,
    Exists,
    Aborted,
    Precondition,
    Exhausted,
    Unavailable,
    DeadlineExceeded,
    Internal,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal => $kind:ident),* $(,)?) => {
        /// What went wrong, precisely; published as `reeve.common.v1.ErrorReason`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])* $name),* }

        impl Reason {
            /// Every reason, in the order of the published enum.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The text of `google.rpc.ErrorInfo.reason`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind),* }
            }
        }
    };
}

reasons! {
    CredentialMissing = "CREDENTIAL_MISSING" => Unauthenticated,
    CredentialInvalid = "CREDENTIAL_INVALID" => Unauthenticated,
    CredentialExpired = "CREDENTIAL_EXPIRED" => Unauthenticated,
    SignInFailed = "SIGN_IN_FAILED" => Unauthenticated,
    RefreshTokenInvalid = "REFRESH_TOKEN_INVALID" => Unauthenticated,
    RefreshTokenReused = "REFRESH_TOKEN_REUSED" => Unauthenticated,
    SessionEnded = "SESSION_ENDED" => Unauthenticated,
    PermissionDenied = "PERMISSION_DENIED" => Denied,
    TenantMismatch = "TENANT_MISMATCH" => Denied,
    TenantRequired = "TENANT_REQUIRED" => Invalid,
    TenantUnresolved = "TENANT_UNRESOLVED" => Precondition,
    TenantInactive = "TENANT_INACTIVE" => Precondition,
    TenantSlugTaken = "TENANT_SLUG_TAKEN" => Exists,
    DomainTaken = "DOMAIN_TAKEN" => Exists,
    DomainRefused = "DOMAIN_REFUSED" => Invalid,
    MailboxProofInvalid = "MAILBOX_PROOF_INVALID" => Precondition,
    AccountExists = "ACCOUNT_EXISTS" => Exists,
    PasswordRefused = "PASSWORD_REFUSED" => Invalid,
    FieldInvalid = "FIELD_INVALID" => Invalid,
    PageTokenInvalid = "PAGE_TOKEN_INVALID" => Invalid,
    MetadataInvalid = "METADATA_INVALID" => Invalid,
    NotFound = "NOT_FOUND" => NotFound,
    Conflict = "CONFLICT" => Aborted,
    LastOwner = "LAST_OWNER" => Precondition,
    SeatLimitReached = "SEAT_LIMIT_REACHED" => Precondition,
    Overloaded = "OVERLOADED" => Exhausted,
    DatabaseUnavailable = "DATABASE_UNAVAILABLE" => Unavailable,
    ShuttingDown = "SHUTTING_DOWN" => Unavailable,
    DeadlineExceeded = "DEADLINE_EXCEEDED" => DeadlineExceeded,
    Internal = "INTERNAL" => Internal,
    RateLimited = "RATE_LIMITED" => Exhausted,
    RequestIdReused = "REQUEST_ID_REUSED" => Invalid,
    CredentialStale = "CREDENTIAL_STALE" => Unauthenticated,
    RoleTooHigh = "ROLE_TOO_HIGH" => Denied,
    InvitationRevoked = "INVITATION_REVOKED" => Precondition,
    InvitationExpired = "INVITATION_EXPIRED" => Precondition,
    InvitationAccepted = "INVITATION_ACCEPTED" => Precondition,
    InvitationDeclined = "INVITATION_DECLINED" => Precondition,
    InvitationVoid = "INVITATION_VOID" => Precondition,
    InvitationExists = "INVITATION_EXISTS" => Exists,
    InvitationLimitReached = "INVITATION_LIMIT_REACHED" => Precondition,
    ResendLimitReached = "RESEND_LIMIT_REACHED" => Precondition,
    AlreadyMember = "ALREADY_MEMBER" => Exists,
    EmailMismatch = "EMAIL_MISMATCH" => Denied,
    EmailUnverified = "EMAIL_UNVERIFIED" => Denied,
    MailboxProofRequired = "MAILBOX_PROOF_REQUIRED" => Precondition,
    EnrollmentClosed = "ENROLLMENT_CLOSED" => Precondition,
    ApiKeyLimitReached = "API_KEY_LIMIT_REACHED" => Precondition,
}

/// One field of a request that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path of the field in the request, for example `email`.
    pub field: &'static str,
    /// What is wrong and what would be accepted; never repeats the value.
    pub description: Cow<'static, str>,
    /// Machine-readable reason in `UPPER_SNAKE_CASE`.
    pub reason: &'static str,
}

impl FieldViolation {
    pub fn new(
        field: &'static str,
        reason: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field, description: description.into(), reason }
    }
}

/// Text for the log alone. It has no `Display`, so it cannot slip into an answer.
#[derive(Clone)]
pub struct Detail(String);

/// A failure, as every layer passes it on.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    reason: Reason,
    message: Cow<'static, str>,
    metadata: BTreeMap<&'static str, String>,
    fields: Vec<FieldViolation>,
    retry_after: Option<Duration>,
    retryable: bool,
    detail: Option<Detail>,
}

impl Error {
    pub fn new(reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            reason,
            message: message.into(),
            metadata: BTreeMap::new(),
            fields: Vec::new(),
            retry_after: None,
            retryable: false,
            detail: None,
        }))
    }

    /// A request with unacceptable fields; all of them are reported.
    pub fn invalid(fields: Vec<FieldViolation>) -> Self {
        let reason = match fields.as_slice() {
            [only] if only.reason.starts_with("PASSWORD_") => Reason::PasswordRefused,
            [only] if only.field == "page_token" => Reason::PageTokenInvalid,
            [only] if only.reason.starts_with("DOMAIN_") && only.field.starts_with("domain") => {
                Reason::DomainRefused
            }
            _ => Reason::FieldInvalid,
        };
        let message = fields.first().map_or_else(
            || Cow::Borrowed("The request is not valid."),
            |first| Cow::Owned(format!("{}: {}", first.field, first.description)),
        );
        let mut error = Self::new(reason, message);
        if let Some(first) = fields.first() {
            error.0.metadata.insert("field", first.field.to_owned());
        }
        error.0.fields = fields;
        error
    }

    /// A defect or an unexpected failure below; the caller gets a constant text.
    pub fn internal(detail: impl fmt::Display) -> Self {
        Self::new(Reason::Internal, "Internal error. Quote the request id when you report it.")
            .with_detail(detail)
    }

    /// Another transaction was first; another run sees what it did.
    pub fn lost_race() -> Self {
        Self::new(Reason::Conflict, "Lost a race with another request. Try again.").retryable()
    }

    pub fn not_found(what: &'static str) -> Self {
        Self::new(Reason::NotFound, format!("No such {what}.")).with("resource", what)
    }

    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.0.metadata.insert(key, value.into());
        self
    }

    #[must_use]
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.0.detail = Some(Detail(detail.to_string()));
        self
    }

    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Marks a lost race that the storage layer may run again.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.0.retryable = true;
        self
    }

    pub fn reason(&self) -> Reason {
        self.0.reason
    }
    pub fn kind(&self) -> Kind {
        self.0.reason.kind()
    }
    pub fn message(&self) -> &str {
        &self.0.message
    }
    pub fn metadata(&self) -> &BTreeMap<&'static str, String> {
        &self.0.metadata
    }
    pub fn fields(&self) -> &[FieldViolation] {
        &self.0.fields
    }
    pub fn retry_delay(&self) -> Option<Duration> {
        self.0.retry_after
    }
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }
    /// The internal text, for the log and nothing else.
    pub fn log_detail(&self) -> Option<&str> {
        self.0.detail.as_ref().map(|detail| detail.0.as_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.reason.as_str(), self.0.message)?;
        self.log_detail().map_or(Ok(()), |detail| write!(f, " [{detail}]"))
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;

//! SQL types for the model's types, written once, valid on both databases.

use crate::model::{
    clock::Instant,
    event::{ActorKind, EventKind},
    id::{
        ApiKeyId, DomainId, Id, InvitationId, KeyId, MailId, PendingSignUpId, RequestId, SessionId,
        SubjectId, TenantId, UserId,
    },
    invitation::{Delivery, InvitationState, InviterKind},
    key::{KeyPurpose, KeyState},
    mail::{MailState, MailTemplate},
    profile::ProfileState,
    role::Role,
    session::EndReason,
    sign_up::Basis,
    tenant::{Enrollment, TenantState},
    user::UserState,
};
use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, Queryable},
    expression::AsExpression,
    internal::derives::as_expression::Bound,
    pg::{Pg, PgValue},
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{self, Nullable, SingleValue},
    sqlite::Sqlite,
};
use std::io::Write as _;

/// SQL types with fixed OIDs, so that PostgreSQL needs no catalogue look-up. One for each id:
/// comparing a tenant's column with a user's id does not compile.
pub mod sql {
    macro_rules! uuids {
        ($($name:ident),* $(,)?) => { $(
            #[derive(Debug, Clone, Copy, Default, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
            #[diesel(postgres_type(oid = 2950, array_oid = 2951))]
            #[diesel(sqlite_type(name = "Binary"))]
            pub struct $name;
        )* };
    }
    uuids!(
        TenantKey,
        DomainKey,
        UserKey,
        PendingKey,
        SessionKey,
        ApiKeyKey,
        KeyKey,
        MailKey,
        SubjectKey,
        InvitationKey,
        RequestKey
    );

    #[derive(
        Debug, Clone, Copy, Default, diesel::query_builder::QueryId, diesel::sql_types::SqlType,
    )]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185))]
    #[diesel(sqlite_type(name = "Long"))]
    pub struct Moment;

    #[derive(
        Debug, Clone, Copy, Default, diesel::query_builder::QueryId, diesel::sql_types::SqlType,
    )]
    #[diesel(postgres_type(oid = 3802, array_oid = 3807))]
    #[diesel(sqlite_type(name = "Text"))]
    pub struct Json;
}

/// What diesel's derives would add to the type, were it not the model's.
macro_rules! column_type {
    ($type:ty => $sql:ty) => {
        impl AsExpression<$sql> for $type {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'a> AsExpression<$sql> for &'a $type {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl AsExpression<Nullable<$sql>> for $type {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'a> AsExpression<Nullable<$sql>> for &'a $type {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<DB> ToSql<Nullable<$sql>, DB> for $type
        where
            DB: Backend,
            Self: ToSql<$sql, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                ToSql::<$sql, DB>::to_sql(self, out)
            }
        }
        impl<DB, ST> Queryable<ST, DB> for $type
        where
            DB: Backend,
            ST: SingleValue,
            Self: FromSql<ST, DB>,
        {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    };
}

macro_rules! ids {
    ($($name:ident => $sql:ident),* $(,)?) => { $(
        column_type!($name => sql::$sql);
        impl ToSql<sql::$sql, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all(self.as_uuid().as_bytes())?;
                Ok(IsNull::No)
            }
        }
        impl ToSql<sql::$sql, Sqlite> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                out.set_value(&self.as_uuid().as_bytes()[..]);
                Ok(IsNull::No)
            }
        }
        impl FromSql<sql::$sql, Pg> for $name {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                Ok(Self::from_uuid(uuid::Uuid::from_slice(value.as_bytes())?))
            }
        }
        impl FromSql<sql::$sql, Sqlite> for $name {
            fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(Self::from_uuid(uuid::Uuid::from_slice(value.read_blob())?))
            }
        }
    )* };
}

ids! {
    TenantId => TenantKey, DomainId => DomainKey, UserId => UserKey, PendingSignUpId => PendingKey,
    SessionId => SessionKey, ApiKeyId => ApiKeyKey, KeyId => KeyKey, MailId => MailKey,
    SubjectId => SubjectKey, InvitationId => InvitationKey, RequestId => RequestKey,
}

/// 2000-01-01, where PostgreSQL's timestamps begin.
const PG_EPOCH_MICROS: i64 = 946_684_800_000_000;

column_type!(Instant => sql::Moment);
impl ToSql<sql::Moment, Pg> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&(self.as_micros() - PG_EPOCH_MICROS).to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl ToSql<sql::Moment, Sqlite> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.as_micros());
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Moment, Pg> for Instant {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = i64::from_be_bytes(value.as_bytes().try_into()?);
        Ok(Self::from_micros(micros.saturating_add(PG_EPOCH_MICROS)))
    }
}
impl FromSql<sql::Moment, Sqlite> for Instant {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::from_micros(value.read_long()))
    }
}

/// A JSON document: `jsonb` on PostgreSQL, text on SQLite.
#[derive(Debug, Clone, PartialEq)]
pub struct Json(pub serde_json::Value);

column_type!(Json => sql::Json);
impl ToSql<sql::Json, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[1])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}
impl ToSql<sql::Json, Sqlite> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Json, Pg> for Json {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            [1, document @ ..] => Ok(Self(serde_json::from_slice(document)?)),
            _ => Err("an unknown version of jsonb".into()),
        }
    }
}
impl FromSql<sql::Json, Sqlite> for Json {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(value.read_text())?))
    }
}

macro_rules! closed_sets {
    ($($name:ident),* $(,)?) => { $(
        column_type!($name => sql_types::Text);
        impl<DB: Backend> ToSql<sql_types::Text, DB> for $name
        where
            str: ToSql<sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.as_str().to_sql(out)
            }
        }
        impl<DB: Backend> FromSql<sql_types::Text, DB> for $name
        where
            String: FromSql<sql_types::Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(String::from_sql(value)?.parse::<Self>()?)
            }
        }
    )* };
}

closed_sets! {
    Role, TenantState, Enrollment, UserState, ProfileState, Basis, EndReason, EventKind, ActorKind,
    KeyPurpose, KeyState, MailTemplate, MailState, Delivery, InvitationState, InviterKind,
}
closed_sets!(DomainState);
use crate::model::domain::DomainState;

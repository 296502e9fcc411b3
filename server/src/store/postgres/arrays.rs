//! The values of many rows, as one array for each column.

use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::super::StoreFault;
use super::super::sql::session::Param;

/// One array for each column of some rows.
#[derive(Debug)]
pub(super) struct Arrays<'p>(Vec<Array<'p>>);

#[derive(Debug)]
enum Array<'p> {
    Text(Vec<Option<&'p str>>),
    Int(Vec<Option<i64>>),
    Id(Vec<Option<Uuid>>),
    Bytes(Vec<&'p [u8]>),
    Flag(Vec<bool>),
}

impl<'p> Arrays<'p> {
    /// The arrays of rows, each of which has `width` values. A column's values have the kind of its first one.
    pub(super) fn of(rows: &'p [Vec<Param<'_>>], width: usize) -> Result<Self, StoreFault> {
        let Some(first) = rows.first().filter(|_| rows.iter().all(|row| row.len() == width)) else {
            return Err(StoreFault::Failed("a row has too many or too few values".to_owned()));
        };
        let mut arrays: Vec<Array<'_>> = first.iter().map(|param| Array::like(param, rows.len())).collect();
        for row in rows {
            for (array, value) in arrays.iter_mut().zip(row) {
                array.push(value)?;
            }
        }
        Ok(Self(arrays))
    }

    /// `?1::text[], ?2::bigint[]`, from a number on.
    pub(super) fn casts(&self, from: usize) -> String {
        let cast = |(at, array): (usize, &Array<'_>)| format!("${at}::{}[]", array.element());
        (from..).zip(&self.0).map(cast).collect::<Vec<_>>().join(", ")
    }

    /// The arrays as parameters.
    pub(super) fn typed(&self) -> impl Iterator<Item = (&(dyn ToSql + Sync), Type)> {
        self.0.iter().map(Array::typed)
    }
}

impl<'p> Array<'p> {
    fn like(param: &Param<'_>, capacity: usize) -> Self {
        match param {
            Param::Text(_) => Self::Text(Vec::with_capacity(capacity)),
            Param::Int(_) => Self::Int(Vec::with_capacity(capacity)),
            Param::Id(_) => Self::Id(Vec::with_capacity(capacity)),
            Param::Bytes(_) => Self::Bytes(Vec::with_capacity(capacity)),
            Param::Flag(_) => Self::Flag(Vec::with_capacity(capacity)),
        }
    }

    fn push(&mut self, value: &'p Param<'_>) -> Result<(), StoreFault> {
        match (self, value) {
            (Self::Text(array), Param::Text(text)) => array.push(text.as_deref()),
            (Self::Int(array), Param::Int(number)) => array.push(*number),
            (Self::Id(array), Param::Id(id)) => array.push(*id),
            (Self::Bytes(array), Param::Bytes(bytes)) => array.push(bytes),
            (Self::Flag(array), Param::Flag(flag)) => array.push(*flag),
            (array, _) => {
                return Err(StoreFault::Failed(format!("a value is no {}", array.element())));
            }
        }
        Ok(())
    }

    fn element(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Int(_) => "bigint",
            Self::Id(_) => "uuid",
            Self::Bytes(_) => "bytea",
            Self::Flag(_) => "boolean",
        }
    }

    fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Text(array) => (array, Type::TEXT_ARRAY),
            Self::Int(array) => (array, Type::INT8_ARRAY),
            Self::Id(array) => (array, Type::UUID_ARRAY),
            Self::Bytes(array) => (array, Type::BYTEA_ARRAY),
            Self::Flag(array) => (array, Type::BOOL_ARRAY),
        }
    }
}

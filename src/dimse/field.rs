//! Command Field (0000,0100), PS3.7 Annex E.

/// Set in the Command Field of every response.
pub(super) const RESPONSE: u16 = 0x8000;

/// A DIMSE operation or notification, or the response to one; its number is the Command Field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum CommandField {
    /// C-STORE-RQ (PS3.7 §9.3.1).
    CStoreRq = 0x0001,
    /// C-STORE-RSP.
    CStoreRsp = 0x8001,
    /// C-GET-RQ (PS3.7 §9.3.3).
    CGetRq = 0x0010,
    /// C-GET-RSP.
    CGetRsp = 0x8010,
    /// C-FIND-RQ (PS3.7 §9.3.2).
    CFindRq = 0x0020,
    /// C-FIND-RSP.
    CFindRsp = 0x8020,
    /// C-MOVE-RQ (PS3.7 §9.3.4).
    CMoveRq = 0x0021,
    /// C-MOVE-RSP.
    CMoveRsp = 0x8021,
    /// C-ECHO-RQ (PS3.7 §9.3.5).
    CEchoRq = 0x0030,
    /// C-ECHO-RSP.
    CEchoRsp = 0x8030,
    /// C-CANCEL-RQ of a C-FIND, C-GET or C-MOVE; it has no response.
    CCancelRq = 0x0FFF,
    /// N-EVENT-REPORT-RQ (PS3.7 §10.3.1).
    NEventReportRq = 0x0100,
    /// N-EVENT-REPORT-RSP.
    NEventReportRsp = 0x8100,
    /// N-GET-RQ (PS3.7 §10.3.2).
    NGetRq = 0x0110,
    /// N-GET-RSP.
    NGetRsp = 0x8110,
    /// N-SET-RQ (PS3.7 §10.3.3).
    NSetRq = 0x0120,
    /// N-SET-RSP.
    NSetRsp = 0x8120,
    /// N-ACTION-RQ (PS3.7 §10.3.4).
    NActionRq = 0x0130,
    /// N-ACTION-RSP.
    NActionRsp = 0x8130,
    /// N-CREATE-RQ (PS3.7 §10.3.5).
    NCreateRq = 0x0140,
    /// N-CREATE-RSP.
    NCreateRsp = 0x8140,
    /// N-DELETE-RQ (PS3.7 §10.3.6).
    NDeleteRq = 0x0150,
    /// N-DELETE-RSP.
    NDeleteRsp = 0x8150,
}

impl CommandField {
    /// All of them.
    const ALL: [Self; 23] = [
        Self::CStoreRq,
        Self::CStoreRsp,
        Self::CGetRq,
        Self::CGetRsp,
        Self::CFindRq,
        Self::CFindRsp,
        Self::CMoveRq,
        Self::CMoveRsp,
        Self::CEchoRq,
        Self::CEchoRsp,
        Self::CCancelRq,
        Self::NEventReportRq,
        Self::NEventReportRsp,
        Self::NGetRq,
        Self::NGetRsp,
        Self::NSetRq,
        Self::NSetRsp,
        Self::NActionRq,
        Self::NActionRsp,
        Self::NCreateRq,
        Self::NCreateRsp,
        Self::NDeleteRq,
        Self::NDeleteRsp,
    ];

    /// The number on the wire.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The command of a number; `None` for one that PS3.7 does not define.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.code() == code)
    }

    /// Answers a request.
    pub const fn is_response(self) -> bool {
        self.code() & RESPONSE != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_but_cancel_has_a_response_with_the_high_bit() {
        for field in CommandField::ALL {
            assert_eq!(CommandField::from_code(field.code()), Some(field));
            let response = CommandField::from_code(field.code() | RESPONSE);
            assert_eq!(response.is_some(), field != CommandField::CCancelRq);
        }
        assert_eq!(CommandField::from_code(0x0002), None);
    }
}

"""The rota as iCalendar (RFC 5545), out and in. The core knows nothing of it."""

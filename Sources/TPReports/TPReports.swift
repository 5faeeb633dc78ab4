// TPReports: a result -> text, JSON.

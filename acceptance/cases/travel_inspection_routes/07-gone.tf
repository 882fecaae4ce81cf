# Without it everything goes out directly.
# plan: travel_inspection_routes.this delete

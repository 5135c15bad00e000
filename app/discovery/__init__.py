"""What clients find for an address today: every mechanism asked, every answer kept, ranked and merged."""

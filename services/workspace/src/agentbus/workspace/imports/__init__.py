"""Import of what clients kept in localStorage (requirement E, compatibility.md section 2, decision 0027)."""

-- Copyright: contingency.infra contributors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- A hospital's database for the client mariadb, as its administrator. {database}, {rows} (visits), {seed} and {at} are
-- filled in by lab/hospital_data; the same values give the same content.
SET NAMES utf8mb4;
SET time_zone = '+00:00';
CREATE DATABASE `{database}` CHARACTER SET utf8mb4;
USE `{database}`;
CREATE SEQUENCE invoice_number START WITH 1 INCREMENT BY 1 CACHE 1;
CREATE TABLE department (id smallint PRIMARY KEY, name varchar(40) NOT NULL UNIQUE, parent smallint,
  FOREIGN KEY (parent) REFERENCES department (id));
CREATE TABLE patient (
  id bigint AUTO_INCREMENT PRIMARY KEY,
  name varchar(60) NOT NULL,
  gender enum('male','female','unknown') NOT NULL,
  born date NOT NULL,
  address json NOT NULL,
  photo blob,
  balance decimal(14,2) NOT NULL DEFAULT 0,
  label varchar(120) AS (concat(name, ' #', born)) STORED,
  KEY (name)
);
CREATE TABLE visit (
  id bigint AUTO_INCREMENT PRIMARY KEY,
  patient bigint NOT NULL,
  department smallint NOT NULL,
  began_at datetime(3) NOT NULL,
  diagnosis varchar(200) NOT NULL,
  notes longtext,
  FOREIGN KEY (patient) REFERENCES patient (id),
  FOREIGN KEY (department) REFERENCES department (id),
  KEY (began_at)
);
CREATE TABLE prescription (
  id bigint AUTO_INCREMENT PRIMARY KEY,
  visit bigint NOT NULL,
  drug varchar(60) NOT NULL,
  dose decimal(8,3) NOT NULL CHECK (dose > 0),
  created_at timestamp(6) NOT NULL DEFAULT current_timestamp(6),
  FOREIGN KEY (visit) REFERENCES visit (id)
);
CREATE TABLE charge (
  id bigint AUTO_INCREMENT,
  visit bigint NOT NULL,
  item varchar(40) NOT NULL,
  quantity int NOT NULL,
  price decimal(12,2) NOT NULL,
  amount decimal(16,2) AS (quantity * price) STORED,
  charged_at datetime NOT NULL,
  PRIMARY KEY (id, charged_at),
  KEY (visit)
) PARTITION BY RANGE COLUMNS (charged_at) (
  PARTITION old VALUES LESS THAN ('2024-01-01'),
  PARTITION y2024 VALUES LESS THAN ('2025-01-01'),
  PARTITION recent VALUES LESS THAN (MAXVALUE)
);
CREATE TABLE invoice (number varchar(20) PRIMARY KEY, visit bigint NOT NULL UNIQUE, total decimal(16,2) NOT NULL,
  paid boolean NOT NULL, FOREIGN KEY (visit) REFERENCES visit (id));
CREATE TABLE measurement (visit bigint, kind varchar(20), value double, raw float) ENGINE=Aria;
CREATE TABLE `药 stock` (`Name of Drug` varchar(60) PRIMARY KEY, `库存` int NOT NULL);
CREATE TABLE audit (at timestamp(6) NOT NULL DEFAULT current_timestamp(6), what longtext);
CREATE TABLE shift_of_nobody (at datetime, note text);
CREATE VIEW unpaid AS SELECT i.number, p.name, i.total FROM invoice i JOIN visit v ON v.id = i.visit
  JOIN patient p ON p.id = v.patient WHERE NOT i.paid;

SET SESSION foreign_key_checks = 0;
SET autocommit = 0;
INSERT INTO department SELECT seq, elt(seq, '内科','外科','儿科','急诊科','放射科','检验科','Pharmacy','ICU'),
  IF(seq > 4, seq - 4, NULL) FROM seq_1_to_8;
INSERT INTO patient (id, name, gender, born, address, photo, balance)
SELECT seq, concat(elt(1 + crc32(concat(seq, 'a', {seed})) % 6, '王','李','张','Müller','O''Brien','陈'),
    elt(1 + crc32(concat(seq, 'b', {seed})) % 4, '伟','芳','','\\x')),
  1 + crc32(concat(seq, 'c', {seed})) % 3, date_add('1930-01-01', INTERVAL crc32(concat(seq, 'd', {seed})) % 34000 DAY),
  json_object('省', '四川', 'street', md5(concat(seq, {seed}))),
  IF(seq % 4 = 0, unhex(repeat(md5(concat(seq, 'e', {seed})), 24)), NULL), crc32(concat(seq, 'f', {seed})) % 1000000 / 100
FROM seq_1_to_{patients};
INSERT INTO visit
SELECT seq, 1 + crc32(concat(seq, 'g', {seed})) % {patients}, 1 + crc32(concat(seq, 'h', {seed})) % 8,
  date_sub('{at}', INTERVAL crc32(concat(seq, 'i', {seed})) % 2500000 MINUTE),
  elt(1 + crc32(concat(seq, 'j', {seed})) % 4, '上呼吸道感染','高血压','Fracture of radius','急性阑尾炎'),
  concat(md5(seq), ' ', md5(seq + {seed}), ' ', IF(seq % 50 = 0, repeat(sha2(concat(seq, {seed}), 512), 60), sha2(seq, 512)))
FROM seq_1_to_{rows};
INSERT INTO prescription
SELECT v.id * 2 + k.seq - 2, v.id, elt(1 + crc32(concat(v.id, k.seq, {seed})) % 3, '阿莫西林','Metformin','Ibuprofen'),
  (1 + crc32(concat(v.id, k.seq, 'k', {seed})) % 5000) / 8, date_add(v.began_at, INTERVAL 5 * k.seq MINUTE)
FROM visit v, seq_1_to_2 k;
INSERT INTO charge (id, visit, item, quantity, price, charged_at)
SELECT v.id * 4 + k.seq - 4, v.id, concat('item-', crc32(concat(v.id, k.seq, {seed})) % 500),
  1 + crc32(concat(v.id, k.seq, 'l', {seed})) % 9, crc32(concat(v.id, k.seq, 'm', {seed})) % 100000 / 100,
  date_add(v.began_at, INTERVAL k.seq HOUR)
FROM visit v, seq_1_to_4 k;
INSERT INTO invoice SELECT concat('F', lpad(visit, 10, '0')), visit, sum(amount), visit % 5 <> 0 FROM charge
  GROUP BY visit ORDER BY visit;
INSERT INTO measurement SELECT seq, 'pulse', seq / 7, seq / 3 FROM seq_1_to_{patients};
INSERT INTO measurement SELECT 1, 'equal row', 1, 1 FROM seq_1_to_4;
INSERT INTO `药 stock` VALUES ('阿莫西林', 5000), ('Metformin', 70000), ('Ibuprofen', 9);
DO setval(invoice_number, {rows});
COMMIT;
SET SESSION foreign_key_checks = 1;
SET autocommit = 1;
DELIMITER //
CREATE TRIGGER noted AFTER INSERT ON prescription FOR EACH ROW
  INSERT INTO audit (what) VALUES (concat(NEW.visit, ' ', NEW.drug))//
CREATE PROCEDURE pay(IN wanted varchar(20)) UPDATE invoice SET paid = 1 WHERE number = wanted//
DELIMITER ;
ANALYZE TABLE patient, visit, charge;
